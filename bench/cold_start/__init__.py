"""How well a series is judged in its first days, by what it is taken for before it has a history of its own.

`python -m bench.cold_start --help` tells how to run it.
"""
