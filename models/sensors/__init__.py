"""Statistics of sensors rather than of people: is a device alive, and does it say what happens?

Each fault is told from calm and from loitering by something that neither can do, whatever the rate: people come at
random, so their counts vary, their hours stay, and no two places hear the same.
"""
