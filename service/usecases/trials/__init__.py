"""Trials on counts as they are: replay, backtest, before and after; nothing stored is changed."""
