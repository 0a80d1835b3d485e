"""The detector of presences: what is normal in each series, learnt online, and how unlikely each count was."""
