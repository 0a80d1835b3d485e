"""One suite a port, over every store behind it."""
