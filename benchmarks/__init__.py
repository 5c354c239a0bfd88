"""What the service costs, beside what the frameworks cost doing nothing, and beside what one would use instead."""
