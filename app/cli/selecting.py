"""The options that select contributions."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from pydantic import TypeAdapter, ValidationError

from app.cli.text import line
from app.domain.settlement import Status
from app.ledger.selection import Selection
from app.settings.values import Duration

_DURATION = TypeAdapter[timedelta](Duration)
_PER = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
_CLOSEST = timedelta(microseconds=1)


def moment(value: str) -> datetime:
    """An ISO 8601 time, in UTC where it names no zone; or a duration, that long ago."""
    try:
        return datetime.now(UTC) - _DURATION.validate_python(value)
    except ValidationError:
        pass
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter("write a time, 2026-11-22T12:00:00Z, or how long ago it was: 30m, 2h, 7d") from None


def spacing(value: str) -> timedelta:
    """The time from one to the next at a rate such as 10, 10/s, 600/m."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)(?:/([smh]))?", value.strip())
    if match is None or not float(match[1]):
        raise typer.BadParameter("write a number above zero, a second unless you say otherwise: 10, 10/s, 600/m, 50/h")
    return max(_PER[match[2] or "s"] / float(match[1]), _CLOSEST)


Ids = Annotated[list[UUID] | None, typer.Argument(metavar="ID", help="Contributions, by their ids.")]
Statuses = Annotated[list[Status] | None, typer.Option("--status", help="With this status; may be repeated.")]
Feed = Annotated[str | None, typer.Option(parser=line, metavar="NAME", help="Of this feed.")]
Brand = Annotated[str | None, typer.Option(parser=line, metavar="ID", help="Of this brand.")]
Event = Annotated[str | None, typer.Option(parser=line, metavar="ID", help="Owed for the event with this event_id.")]
Since = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="TIME", help="Recorded then or later: 2026-11-22T12:00:00Z, or 2h for 2h ago."),
]
Until = Annotated[datetime | None, typer.Option(parser=moment, metavar="TIME", help="Recorded before then.")]
GatewayStatuses = Annotated[
    list[int] | None,
    typer.Option("--gateway-status", min=100, max=999, help="Last answered with this status; may be repeated."),
]


def selected(
    ids: list[UUID] | None,
    statuses: list[Status] | None,
    feed: str | None,
    brand: str | None,
    event: str | None,
    since: datetime | None,
    until: datetime | None,
    gateway_statuses: list[int] | None,
) -> Selection:
    """The options as a value."""
    return Selection(
        ids=tuple(ids or ()),
        statuses=tuple(statuses or ()),
        feed=feed,
        brand_id=brand,
        event_id=event,
        since=since,
        until=until,
        gateway_statuses=tuple(gateway_statuses or ()),
    )
