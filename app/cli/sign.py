"""`sign`: the headers that authenticate a body, for trying a feed with curl."""

import sys
import time
from typing import Annotated
from uuid import uuid4

import typer

from app.domain.authentication import credentials
from app.settings import load


def sign(
    feed: Annotated[str, typer.Argument(help="The feed that the body is for.")],
    body: Annotated[
        str, typer.Argument(help="The body, exactly as it will be sent; - reads it from standard input.")
    ] = "-",
    message_id: Annotated[str | None, typer.Option(help="The webhook-id; a random one by default.")] = None,
    timestamp: Annotated[int | None, typer.Option(help="Seconds since the epoch; now by default.")] = None,
) -> None:
    """Print the headers for a body, one a line, as curl reads them with -H @-."""
    found = {candidate.name: candidate for candidate in load().feed_values()}.get(feed)
    if found is None:
        raise typer.BadParameter(f"there is no feed {feed}", param_hint="FEED")
    content = sys.stdin.buffer.read() if body == "-" else body.encode()
    headers = credentials(
        found.scheme,
        content,
        message_id=message_id or f"msg_{uuid4().hex}",
        timestamp=int(time.time()) if timestamp is None else timestamp,
    )
    for name, value in headers.items():
        print(f"{name}: {value}")
