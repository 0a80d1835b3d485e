"""The statistics of presence: arrays in, arrays out. No I/O, no clock, no settings."""
