"""`python -m tests.fuzz`."""

from tests.fuzz.command import main

main()
