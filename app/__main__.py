"""`python -m app` is `event-processor`."""

from app.cli import main

main()
