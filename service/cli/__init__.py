"""The command line: everything a person starts, asks and decides without a browser."""

from service.cli.application import main

__all__ = ["main"]
