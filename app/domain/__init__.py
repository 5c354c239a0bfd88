"""The decisions: pure functions over values, with no clock, no randomness and no I/O of their own."""
