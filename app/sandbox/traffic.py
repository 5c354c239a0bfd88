"""An operator's traffic: stories of requests, each with the answers that are right."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from app.sandbox.gateway import DECLINED_SOURCE

GAMES = ("book-of-examples", "lucky-sample", "fruit-fixture", "crash-test", DECLINED_SOURCE)
BURST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A request to a feed. `expected` holds the answers that are right, as `operator.label` words them."""

    feed: str
    body: bytes
    expected: frozenset[str]
    signed: bool = True
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Postings sent one after the other, or all at once."""

    postings: tuple[Posting, ...]
    at_once: bool = False


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Makes stories. The same seed makes the same ones, but for the time of day; ids begin with `prefix`."""

    brand_id: str
    random: Random
    prefix: str = ""
    _made: int = field(default=0, init=False)

    def stories(self, events: int) -> Iterator[Story]:
        """Stories of about `events` events altogether, in the mix of a working day, with one burst of equal events."""
        mix = self._mix()
        yield Story(postings=(self._bet("accepted", "duplicate"),) * BURST, at_once=True)
        told = BURST
        while told < events:
            (tell,) = self.random.choices(list(mix), list(mix.values()))
            story = Story(postings=tell())
            told += len(story.postings)
            yield story

    def _mix(self) -> dict[Callable[[], tuple[Posting, ...]], int]:
        """How often each story is told."""
        return {
            self._plain_bet: 62,
            self._plain_deposit: 12,
            self._repeated: 6,
            self._conflicting: 3,
            self._win: 5,
            self._rolled_back: 3,
            self._pending: 3,
            self._malformed: 2,
            self._invalid: 1,
            self._unsigned: 2,
            self._foreign: 1,
        }

    def _bet(self, *expected: str, **changes: Any) -> Posting:
        return _posting("bet", self._fields("bet", **changes), *(expected or ("accepted",)))

    def _deposit(self, *expected: str, **changes: Any) -> Posting:
        return _posting("deposit", self._fields("deposit", **changes), *(expected or ("accepted",)))

    def _fields(self, kind: str, **changes: Any) -> dict[str, Any]:
        self._made += 1
        fields: dict[str, Any] = {
            "event_id": f"{self.prefix}{kind}-{self._made:06}",
            "event_type": "BET" if kind == "bet" else "DEPOSIT_SUCCESS",
            "brand_id": self.brand_id,
            "player_id": f"player-{self.random.randrange(200)}",
            "player_country": self.random.choice(("MT", "SE", "UK", "CA")),
            "amount": f"{self.random.randrange(10, 20_000) / 100:.2f}",
            "currency": self.random.choice(("EUR", "SEK", "GBP", "CAD")),
            "occurred_at": datetime.now(UTC).isoformat(),
        }
        if kind == "bet":
            fields |= {
                "player_token": f"session-{self.random.randrange(10**6)}",
                "game_code": self.random.choices(GAMES, (30, 30, 20, 15, 5))[0],
                "provider_id": self.random.choice(("studio-one", "studio-two")),
                "round_id": f"round-{self.random.randrange(10**9)}",
            }
        return fields | changes

    def _plain_bet(self) -> tuple[Posting, ...]:
        return (self._bet(),)

    def _plain_deposit(self) -> tuple[Posting, ...]:
        return (self._deposit(),)

    def _repeated(self) -> tuple[Posting, ...]:
        fields = self._fields("bet")
        reordered = dict(reversed(fields.items()))
        return _posting("bet", fields, "accepted"), _posting("bet", reordered, "duplicate")

    def _conflicting(self) -> tuple[Posting, ...]:
        fields = self._fields("deposit")
        return _posting("deposit", fields, "accepted"), _posting("deposit", fields | {"amount": "0.01"}, "conflict")

    def _win(self) -> tuple[Posting, ...]:
        return (self._bet("ignored: event_type_not_counted", event_type="WIN"),)

    def _rolled_back(self) -> tuple[Posting, ...]:
        return (self._bet("ignored: rollback", event_type="BET_ROLLBACK"),)

    def _pending(self) -> tuple[Posting, ...]:
        return (self._deposit("ignored: event_type_not_counted", event_type="DEPOSIT_PENDING"),)

    def _malformed(self) -> tuple[Posting, ...]:
        body = json.dumps(self._fields("bet")).encode()[:-20]
        return (Posting(feed="bet", body=body, expected=frozenset({"refused: 400"})),)

    def _invalid(self) -> tuple[Posting, ...]:
        return (self._bet("refused: 422", amount=-1),)

    def _unsigned(self) -> tuple[Posting, ...]:
        body = json.dumps(self._fields("bet")).encode()
        return (Posting(feed="bet", body=body, expected=frozenset({"refused: 401"}), signed=False),)

    def _foreign(self) -> tuple[Posting, ...]:
        return (self._bet("refused: 403", brand_id="somebody-elses"),)


def debit(contribution: dict[str, Any]) -> Posting:
    """The wallet debit that a contribution causes, as the operator's platform publishes it: the loop to filter out."""
    fields = {
        "event_id": f"debit-{contribution['idempotency_key']}",
        "event_type": "BET",
        "brand_id": contribution["brand_id"].partition(":")[2],
        "player_id": contribution["player_id"],
        "game_code": "jackpot-contribution",
        "provider_id": "ThrillTech",
        "round_id": f"debit-{contribution['gameround_id']}",
        "amount": "0.10",
        "currency": contribution["currency"],
        "occurred_at": datetime.now(UTC).isoformat(),
    }
    return _posting("bet", fields, "ignored: contribution_event")


def _posting(feed: str, fields: dict[str, Any], *expected: str) -> Posting:
    return Posting(feed=feed, body=json.dumps(fields).encode(), expected=frozenset(expected))
