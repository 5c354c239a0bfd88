"""The floor: what the frameworks cost doing nothing."""
