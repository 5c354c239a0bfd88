"""Every scenario; importing this registers them, in the order of the report."""

# isort: off
from tests.chaos.scenarios import control, processes, databases, gateways, keys, steps, retention

__all__ = ["control", "databases", "gateways", "keys", "processes", "retention", "steps"]
