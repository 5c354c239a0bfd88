"""What is done with every request to a feed before it is read: overload, size limit → authenticate raw bytes → rate."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from app.api import problems
from app.api.header_fields import header_fields
from app.api.limits import Door, Fields
from app.api.problems import Refusal
from app.api.state import CROWDED, services


@dataclass(frozen=True, slots=True)
class Arrived:
    """An authentic request: its head by lower-case names, its raw body, and what belongs into its answer."""

    headers: Mapping[str, str]
    body: bytes
    fields: Fields


async def arrived(scope: Scope, receive: Receive, door: Door, *, limit: int) -> Arrived:
    """Let a request in, of a body of up to `limit` bytes. Raises Refusal, ClientDisconnect."""
    service = services(scope)
    if service.drain.draining:
        raise Refusal(problems.DRAINING)
    if service.inbox.full or CROWDED in scope["state"]:
        raise Refusal(problems.OVERLOADED)  # before the body is read: what is refused costs least
    door.check_address(scope)
    headers = header_fields(scope)
    body = scope["body"] = await _read(receive, headers, limit)
    return Arrived(headers, body, door.admit(headers, body))


def require_json(headers: Mapping[str, str]) -> None:
    """Raises Refusal where the body is not said to be JSON."""
    said = headers.get("content-type", "")
    if said != "application/json" and media_type(headers) != "application/json":
        raise Refusal(problems.NOT_JSON, "the header Content-Type: application/json is needed")


def too_large(limit: int) -> Refusal:
    """The refusal for a body of more bytes than that."""
    return Refusal(problems.TOO_LARGE, f"more than {limit} bytes")


def media_type(headers: Mapping[str, str]) -> str:
    """What the body is said to be, without its parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """The raw body. FastAPI's own limit would do, were its answer not plain text."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large(limit)
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            raise too_large(limit)
        more = message.get("more_body", False)
    return bytes(body)
