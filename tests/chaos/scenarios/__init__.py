"""Every scenario; importing this registers them, in the order of the report."""

from tests.chaos.scenarios import control, databases, gateways, keys, processes, steps

__all__ = ["control", "databases", "gateways", "keys", "processes", "steps"]
