"""What a team writes itself, whichever rival it takes: the same for all of them, and as fast as we know how."""
