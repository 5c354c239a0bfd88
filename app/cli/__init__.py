"""The command `event-processor`."""

from app.cli.command import main

__all__ = ["main"]
