"""Which of the stored states of a thing decides now: what stands, the first other one that counts, or none."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.api.problems import Refusal
from app.api.reading import Reader
from app.authentication.insecure import Insecure
from app.cli.states import deciding
from app.domain.comparison import Past
from app.domain.event import EventKey
from app.domain.feed import Feed
from app.domain.filtering import Filter, IgnoreReason, LoopFilter
from app.domain.rules import Rule
from app.ledger.stored import Stored
from tests.examples import bet

STATE = IgnoreReason.EVENT_TYPE_NOT_COUNTED
READER = Reader(
    Feed(
        name="bet",
        kind="bet",
        operator_id="acme",
        brands=frozenset({"brand1"}),
        scheme=Insecure(),
        filter=Filter(
            loop=LoopFilter(provider_ids=frozenset({"ours"}), game_codes=frozenset(), event_types=frozenset()),
            rollback_event_types=frozenset({"reversed"}),
            counted_event_types=frozenset({"accepted", "settled"}),
            minimum_amount=Decimal(1),
        ),
        rules=(Rule(source_id="all"),),
    )
)


def payload(event_type: str, event_id: str = "bet-1", **changes: str) -> str:
    return json.dumps(bet(event_id=event_id, event_type=event_type, **changes))


def stored(*payloads: str, ignored: IgnoreReason = STATE) -> Stored:
    own, *others = payloads
    return Stored(
        past=Past(
            key=EventKey(feed="bet", brand_id="brand1", event_id="bet-1"),
            ignored=ignored,
            contributions={},
        ),
        received_at=datetime(2026, 11, 23, tzinfo=UTC),
        fingerprint=bytes(32),
        payload=own,
        other_states=tuple(others),
    )


PENDING, ACCEPTED, SETTLED, REVERSED = (payload(each) for each in ("PENDING", "ACCEPTED", "SETTLED", "REVERSED"))
SMALL, FOREIGN = payload("ACCEPTED", amount="0.5"), payload("ACCEPTED", "bet-2")


@pytest.mark.parametrize(
    ("payloads", "expected"),
    [
        ((PENDING,), PENDING),
        ((PENDING, payload("OPEN")), PENDING),
        ((PENDING, ACCEPTED), ACCEPTED),
        ((PENDING, SETTLED, ACCEPTED), SETTLED),
        ((ACCEPTED, SETTLED), ACCEPTED),
        ((SMALL, ACCEPTED), SMALL),
        ((PENDING, SMALL, ACCEPTED), ACCEPTED),
        ((PENDING, FOREIGN), PENDING),
        ((PENDING, "{}", "[", ACCEPTED), ACCEPTED),
        ((PENDING, payload("ACCEPTED", brand_id="elsewhere")), PENDING),
        ((PENDING, REVERSED), PENDING),
        ((PENDING, ACCEPTED, REVERSED), REVERSED),
        ((ACCEPTED, REVERSED), REVERSED),
        ((PENDING, ACCEPTED, payload("REVERSED", "bet-2")), payload("REVERSED", "bet-2")),
        ((PENDING, ACCEPTED, payload("SETTLED", provider_id="ours")), payload("SETTLED", provider_id="ours")),
    ],
)
def test_the_first_that_counts_decides_unless_one_says_that_none_does(payloads: tuple[str, ...], expected: str) -> None:
    assert expected == deciding(READER, stored(*payloads)).payload


@pytest.mark.parametrize("reason", sorted(set(IgnoreReason) - {STATE, IgnoreReason.STATUS_NOT_COUNTED}))
def test_what_was_ignored_for_another_reason_than_its_state_has_no_other_in_its_place(reason: IgnoreReason) -> None:
    assert deciding(READER, stored(PENDING, ACCEPTED, ignored=reason)).payload == PENDING


def test_of_what_would_be_refused_nothing_is_decided() -> None:
    with pytest.raises(Refusal):
        deciding(READER, stored("{}", ACCEPTED))
