"""Sensors: which are watched, what is wrong with them, and in words."""
