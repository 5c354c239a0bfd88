"""`sign`: the headers that authenticate a body, for trying a feed with curl."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from app.cli.named import named
from app.domain.authentication import CannotSignError, Scheme
from app.settings import load

PRIVATE_KEY = "--private-key"
LATEST = 253402300799  # the last second of the year 9999, after which RFC 3339 has no way to write one


def sign(
    feed: Annotated[str, typer.Argument(help="The feed that the body is for.")],
    body: Annotated[
        str, typer.Argument(help="The body, exactly as it will be sent; - reads it from standard input.")
    ] = "-",
    message_id: Annotated[
        str | None, typer.Option(help="The message's id, where the scheme has one; a random one by default.")
    ] = None,
    timestamp: Annotated[
        int | None, typer.Option(min=0, max=LATEST, help="Seconds since the epoch; now by default.")
    ] = None,
    private_key: Annotated[
        Path | None,
        typer.Option(PRIVATE_KEY, help="The sender's key, for a feed with public keys: a PEM, or whsk_ and base64."),
    ] = None,
) -> None:
    """Print the headers for a body, one a line, as curl reads them with -H @-."""
    found = named(load().feed_values(), feed)
    scheme = _signing(found.scheme, private_key) if private_key else found.scheme
    content = sys.stdin.buffer.read() if body == "-" else os.fsencode(body)
    try:
        headers = scheme.credentials(
            content,
            message_id=os.fsencode(message_id or f"msg_{uuid4().hex}").decode("latin-1"),  # as it will be read
            timestamp=int(time.time()) if timestamp is None else timestamp,
        )
    except CannotSignError:
        raise typer.BadParameter(
            "this feed has public keys: name a file with the sender's private key", param_hint=PRIVATE_KEY
        ) from None
    for name, value in headers.items():
        typer.echo(f"{name}: {value}".encode("latin-1"))


def _signing(scheme: Scheme, private_key: Path) -> Scheme:
    from app.authentication.signing import signing_with  # noqa: PLC0415 - it is slow to import

    try:
        return signing_with(scheme, private_key.read_text())
    except OSError as error:
        raise typer.BadParameter(f"{error.strerror}: {private_key}", param_hint=PRIVATE_KEY) from None
    except ValueError as error:  # no text among them
        raise typer.BadParameter(str(error), param_hint=PRIVATE_KEY) from None
