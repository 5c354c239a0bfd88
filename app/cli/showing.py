"""Contributions as a person reads them: ids whole, times in UTC, tokens masked."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.text import shown
from app.domain.masking import masked, tokens
from app.domain.settlement import Status
from app.ledger.history import History, Intervention
from app.ledger.listing import Listing

_WIDE = 10_000  # columns: no id is ever cut or broken, whatever the terminal


def print_list(listing: Listing) -> None:
    """A table, one contribution a row, and how many more there are."""
    table = Table("id", "status", "feed", "brand", "event", "source", "attempt", "answer", "recorded", "settled")
    for each in listing.contributions:
        key = each.event
        cells = (
            *(str(each.id), each.status, key.feed, key.brand_id, key.event_id, each.source_id, str(each.attempt)),
            *(str(each.gateway_status or ""), when(each.recorded_at), when(each.settled_at)),
        )
        table.add_row(*(Text(shown(cell)) for cell in cells))
    Console(width=_WIDE).print(table)
    if listing.more:
        print(f"and {listing.more} more")


def print_history(history: History) -> None:
    """A line for each thing that is kept, and what people did, the oldest first."""
    for name, value in _lines(history):
        print(f"{name:<18}{shown(value)}")
    for done in history.interventions:
        for line in _intervention(done):
            print(shown(line))


def without_tokens(history: History) -> History:
    """The same, with the player's session token masked wherever it is found."""
    known = tokens(history.body) | tokens(history.payload or "")

    def mask(text: str | None) -> str | None:
        return None if text is None else masked(text, known)

    return replace(
        history,
        body=masked(history.body, known),
        payload=mask(history.payload),
        gateway_response=mask(history.gateway_response),
        interventions=tuple(
            replace(each, gateway_response=mask(each.gateway_response)) for each in history.interventions
        ),
    )


def by_status(counts: Counter[Status]) -> str:
    """Counts in words: declined 3, expired 2."""
    return ", ".join(f"{status} {counts[status]}" for status in Status if counts[status])


def when(value: datetime | None) -> str:
    """A time, to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else ""


def _lines(history: History) -> list[tuple[str, str]]:
    key = history.event
    found = [
        ("id", str(history.id)),
        ("feed", key.feed),
        ("brand_id", key.brand_id),
        ("event_id", key.event_id),
        ("source_id", history.source_id),
        ("status", history.status),
        ("attempt", str(history.attempt)),
        ("received_at", when(history.received_at)),
        ("recorded_at", when(history.recorded_at)),
        ("next_attempt_at", when(history.next_attempt_at)),
        ("leased_until", when(history.leased_until)),
        ("replayed_at", when(history.replayed_at)),
        ("settled_at", when(history.settled_at)),
        ("gateway_status", str(history.gateway_status or "")),
        ("gateway_response", history.gateway_response or ""),
        ("body", history.body),
        ("payload", history.payload or ""),
    ]
    return [(name, value) for name, value in found if value]


def _intervention(done: Intervention) -> list[str]:
    answer = f", answered {done.gateway_status}" if done.gateway_status else ""
    settled = f", settled {when(done.settled_at)}" if done.settled_at else ""
    lines = [
        f"{when(done.made_at)} {done.action} by {done.actor}: {done.reason}",
        f"  its event was ignored: {done.ignored}" if done.ignored else f"  it was {done.status}{answer}{settled}",
    ]
    if done.gateway_response:
        lines.append(f"  {done.gateway_response}")
    return lines
