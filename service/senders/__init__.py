"""What leaves the house: letters and events."""
