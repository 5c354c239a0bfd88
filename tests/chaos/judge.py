"""The judge: the operator's record against the Gateway's account, then the ledger against both."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal

from app.sandbox.account import Account, Call, Owed
from tests.chaos.database import LedgerRows
from tests.chaos.record import Key, Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Counts, all of contributions but for `sent`, `acknowledged`, `unanswered`, `unrecorded` and `recorded_twice`,
    which are of events. `unknown_made` are those unknown to the ledger that the Gateway made, `unknown_open` those
    that it did not.
    """

    sent: int
    acknowledged: int
    owed: int
    contributed: int
    declined: int
    unknown_made: int
    unknown_open: int
    lost: int
    twice: int
    unasked: int
    wrong_amount: int
    contradicted: int
    unsettled: int
    unanswered: int
    unrecorded: int
    recorded_twice: int

    @property
    def unknown(self) -> int:
        """What waits for a person."""
        return self.unknown_made + self.unknown_open

    def broken(self) -> list[str]:
        """Which promises were broken, in words."""
        return [f"{count} {words}" for name, words in _PROMISES.items() if (count := getattr(self, name))]


_PROMISES = {
    "lost": "acknowledged and lost",
    "twice": "contributed twice",
    "unasked": "contributed unasked",
    "wrong_amount": "contributed with another amount",
    "contradicted": "settled otherwise than the Gateway did",
    "unsettled": "never settled",
    "unanswered": "sent and never acknowledged",
    "unrecorded": "acknowledged and missing from the ledger",
    "recorded_twice": "acknowledged as new twice",
}
if not _PROMISES.keys() <= {each.name for each in fields(Judgement)}:
    raise TypeError("a promise that is not judged")


def judge(written: Written, calls: Iterable[Call], ledger: LedgerRows) -> Judgement:
    """Compare what was acknowledged with every call at the Gateway since the first of it was sent."""
    account = Account()
    account.calls = list(calls)
    made = account.contributions()
    declined = account.declined() - made.keys()
    unknown = _with(ledger, "unknown")
    arrived = _by_event((*made, *declined, *(unknown - made.keys() - declined)))
    return Judgement(
        sent=len(written.sent),
        acknowledged=len(written.promised),
        owed=sum(promise.contributions for promise in written.promised.values()),
        contributed=len(made),
        declined=len(declined),
        unknown_made=len(unknown & made.keys()),
        unknown_open=len(unknown - made.keys()),
        lost=sum(max(0, promise.contributions - arrived[key]) for key, promise in written.promised.items()),
        twice=len(account.twice()),
        unasked=sum(max(0, count - _promised(written, key)) for key, count in _by_event(made).items()),
        wrong_amount=len({call.owed for call in account.calls if call.contributed and _wrong(written, call)}),
        contradicted=len(_contradicted(ledger, made.keys(), declined)),
        unsettled=len(_with(ledger, "pending", "in_flight")),
        unanswered=len(written.sent - written.promised.keys()),
        unrecorded=len(written.promised.keys() - ledger.events),
        recorded_twice=sum(times > 1 for times in written.fresh.values()),
    )


def _by_event(owed: Iterable[Owed]) -> Counter[Key]:
    return Counter((feed, brand_id, event_id) for feed, brand_id, event_id, _ in owed)


def _with(ledger: LedgerRows, *statuses: str) -> set[Owed]:
    return {owed for owed, status in ledger.statuses.items() if status in statuses}


def _promised(written: Written, key: Key) -> int:
    promise = written.promised.get(key)
    return promise.contributions if promise else 0


def _wrong(written: Written, call: Call) -> bool:
    promise = written.promised.get((call.feed, call.brand_id, call.event_id))
    return promise is not None and Decimal(promise.amount) != Decimal(call.base_wager)


def _contradicted(ledger: LedgerRows, made: Iterable[Owed], declined: set[Owed]) -> set[Owed]:
    """What the ledger calls settled, and the Gateway's account does not bear out. Unknown is no claim."""
    return (
        (_with(ledger, "contributed") - set(made))
        | (_with(ledger, "declined") - declined)
        | _with(ledger, "expired", "discarded")
    )
