"""Tells a feed's sender from everybody else: each scheme in a file of its own, all keys compared in constant time."""
