"""Adapters behind the ports: embedded files, InfluxDB, memory. They see the domain and nothing above it."""
