"""Counts and verdicts in InfluxDB 2, beside whatever else writes and reads there.

Counts are the measurement ``presence`` (tags tenant, stairwell, space and, where several sensors count in one space,
sensor; field count), as Telegraf writes them too. Verdicts are the measurement ``verdict`` with the same place tags.
Places are told by names there, and by the register's numbers here.
"""
