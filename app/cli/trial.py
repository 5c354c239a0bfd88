"""A sample payload, tried out on a feed: what the service would answer, decide and contribute. Nothing is recorded."""

import json
from collections.abc import Iterator
from typing import Any

from app.api import problems
from app.api.arriving import too_large
from app.api.problems import Refusal
from app.api.reading import Reader
from app.cli.text import shown
from app.domain.contribution import Contribution
from app.domain.event import Event, Particulars
from app.domain.explaining import why
from app.domain.feed import decide
from app.domain.masking import MASK, masked, tokens

Outcome = dict[str, Any]
REFUSED, COUNTED, IGNORED = "refused", "counted", "ignored"


def tried(reader: Reader, body: bytes, *, limit: int, home: str) -> Outcome:
    """What becomes of a body, by the code that receives it, tokens masked. `limit` is in bytes, and `home` is where the
    service is, for the `type` of a problem.
    """
    try:
        if len(body) > limit:
            raise too_large(limit)
        document = reader.parsed(body)
        event = reader.checked(document)
    except Refusal as refusal:
        return {"outcome": REFUSED, "problem": json.loads(bytes(problems.response(refusal, home).body))}
    decision = decide(reader.feed, event)
    known = tokens(document.text) | ({event.player_token} if event.player_token else set())
    return {
        "outcome": IGNORED if decision.ignored else COUNTED,
        "reason": decision.ignored,
        "why": decision.ignored and why(reader.feed, event, decision.ignored),
        "event": _event(event),
        "contributions": [_contribution(each, known) for each in decision.contributions],
    }


def print_outcome(outcome: Outcome) -> None:
    """As a person reads it."""
    for line in _lines(outcome):
        print(shown(line))


def _event(event: Event) -> dict[str, Any]:
    """Its fields by our names, and those that only some platforms have where this one has them."""
    told = event.particulars or Particulars()
    fields = {
        "event_id": event.key.event_id,
        "brand_id": event.key.brand_id,
        "event_type": event.event_type,
        "player_id": event.player_id,
        "player_country": event.player_country,
        "player_token": event.player_token and MASK,
        "game_code": event.game_code,
        "provider_id": event.provider_id,
        "round_id": event.round_id,
        "amount": f"{event.amount:f}",
        "currency": event.currency,
        "occurred_at": event.occurred_at.isoformat(),
        "status": told.status,
        "stake_type": told.stake_type,
        "bonus": f"{told.bonus:f}" if told.bonus else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _contribution(contribution: Contribution, known: set[str]) -> dict[str, str]:
    return {
        "id": str(contribution.id),
        "source_id": contribution.source_id,
        "body": masked(contribution.body, known),
    }


def _lines(outcome: Outcome) -> Iterator[str]:
    if outcome["outcome"] == REFUSED:
        yield from _refusal_lines(outcome["problem"])
        return
    yield f"ignored: {outcome['reason']}: {outcome['why']}" if outcome["reason"] else "counted"
    for name, value in outcome["event"].items():
        yield f"  {name:<16}{value}"
    for each in outcome["contributions"]:
        yield f"contribution {each['id']}"
        yield f"  {'source_id':<16}{each['source_id']}"
        yield f"  {'body':<16}{each['body']}"


def _refusal_lines(problem: dict[str, Any]) -> Iterator[str]:
    detail = f": {problem['detail']}" if "detail" in problem else ""
    yield f"refused: {problem['status']} {problem['title']}{detail} ({problem['type']})"
    for mistake in problem.get("errors", ()):
        yield f"  {mistake['pointer'] or '(the body)'} {mistake['detail']}"
