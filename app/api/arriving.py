"""What is done with every request to a feed before it is read: overload → authenticate by headers, where they tell the
sender → size limit → authenticate raw bytes → rate.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from app.api import problems
from app.api.header_fields import header_fields
from app.api.large_bodies import LargeBodies
from app.api.limits import Door, Fields
from app.api.problems import Refusal
from app.api.state import CROWDED, services
from app.domain.limits import SMALL


@dataclass(frozen=True, slots=True)
class Arrived:
    """An authentic request: its head by lower-case names, its raw body, and what belongs into its answer."""

    headers: Mapping[str, str]
    body: bytes
    fields: Fields


async def arrived(scope: Scope, receive: Receive, door: Door, *, limit: int) -> Arrived:
    """Let a request in, of a body of up to `limit` bytes, which is held until it is forgotten. Raises Refusal,
    ClientDisconnect.
    """
    service = services(scope)
    if service.drain.draining:
        raise Refusal(problems.DRAINING)
    if service.inbox.full or CROWDED in scope["state"]:
        raise Refusal(problems.OVERLOADED)  # before the body is read: what is refused costs least
    door.check_address(scope)
    headers = header_fields(scope)
    known = door.knows(headers)
    body = scope["body"] = await _read(receive, headers, limit, service.large_bodies)
    return Arrived(headers, body, door.count() if known else door.admit(headers, body))


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


def forget(scope: Scope) -> None:
    """Keep nothing of a body, once its request is answered: the server keeps the scope while the connection idles."""
    body = scope.pop("body", b"")
    if len(body) > SMALL:
        services(scope).large_bodies.release(len(body))


async def _read(receive: Receive, headers: Mapping[str, str], limit: int, large_bodies: LargeBodies) -> bytes:
    """The raw body, which has its room among the large ones until it is forgotten. FastAPI's own limit would do, were
    its answer not plain text.
    """
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large(limit)
    body = bytearray()
    try:
        while True:
            message = await receive()
            more = _more(message, len(body), limit)
            if len(body) + len(more) > SMALL:
                large_bodies.grow(len(body), len(more))
            body += more
            if not message.get("more_body", False):
                return bytes(body)
    except BaseException:
        large_bodies.release(len(body))
        raise


def _more(message: Message, length: int, limit: int) -> bytes:
    """What a message adds to a body that has `length` bytes already."""
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    more: bytes = message.get("body", b"")
    if length + len(more) > limit:
        raise too_large(limit)
    return more
