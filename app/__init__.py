"""The event processor: an operator's events in, each contributed once."""

__version__ = "0.1.0"
