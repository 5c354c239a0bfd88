"""Requests as bytes, signed by the feed's scheme for the body that they carry, or seem to carry."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from tests import examples

POST = b"POST /events/bet HTTP/1.1"
GET_LIVE = b"GET /health/live HTTP/1.1\r\nhost: service\r\n\r\n"


def encoded(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode()


def request(
    body: bytes,
    *,
    start: bytes = POST,
    without: Collection[str] = (),
    extra: bytes = b"",
    sent: bytes | None = None,
    credentials: Mapping[str, str] | None = None,
) -> bytes:
    """A whole request, signed for `body` unless it has `credentials`. `extra` are header lines as they are, `sent` is
    what is sent as the body instead.
    """
    authentic = examples.signed(body) if credentials is None else credentials
    headers = {"host": "service", **authentic, "content-length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if name not in without)
    return start + b"\r\n" + lines.encode("latin-1") + extra + b"\r\n" + (body if sent is None else sent)


def chunked(*chunks: bytes, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    """A chunked body."""
    return b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in (*chunks, b"")[:-1]) + (
        b"0\r\n" + trailers + b"\r\n"
    )


def post(feed: str) -> bytes:
    """The first line of a request to a feed's path, or to that of its batches: `bet/batch`."""
    return b"POST /events/%b HTTP/1.1" % feed.encode()


def array(*items: bytes) -> bytes:
    """A batch of what may be no events."""
    return b"[" + b", ".join(items) + b"]"
