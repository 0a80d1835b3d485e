"""Intake: rows come in, are checked one by one, and the good ones are stored."""
