"""`python -m tests.chaos`."""

from tests.chaos.command import main

main()
