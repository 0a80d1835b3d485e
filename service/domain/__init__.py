"""The words of the design as types. No I/O, no clock."""
