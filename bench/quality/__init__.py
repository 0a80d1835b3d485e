"""The detector beside its rivals, on public counts with known events and on simulated towns.

`python -m bench.quality --help` tells how to run it.
"""
