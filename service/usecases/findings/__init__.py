"""Findings: what was judged, as its readers see it: verdicts, episodes, shifts, normal weeks, calibration."""
