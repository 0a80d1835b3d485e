"""The detector beside its rivals, on public counts with known events and on simulated towns.

python -m bench.quality [--datasets FOLDER] [--only NAME] [--rivals NAME] [--seed N] [--quick]
"""
