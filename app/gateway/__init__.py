"""The ThrillPots Gateway: the only HTTP that goes out."""
