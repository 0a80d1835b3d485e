"""The embedded stores: SQLite files and a folder of state chunks, no server.

counts.db holds counts and their changes, state.db the manifest, verdicts and commands (one file, because a commit
across files is not atomic), register.db places, keys and lists, audit.db the audit log, jobs.db what runs
long, sensors.db what is known of devices, requests.db how often keys ask.
"""
