"""The proof: the operator's own record against the Gateway's own account, neither of them our ledger."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from app.sandbox.account import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How what was acknowledged compares with what arrived. `unasked` counts what nobody was promised."""

    owed: int
    contributed: int
    declined: int
    lost: int
    twice: int
    unasked: int

    @property
    def holds(self) -> bool:
        """Never lost, never twice, and nothing that nobody was promised."""
        return not (self.lost or self.twice or self.unasked)


def prove(acknowledged: Mapping[tuple[str, str, str], int], account: Account) -> Proof:
    """Compare. `acknowledged` gives the number of contributions promised for each event's key."""
    contributions = account.contributions()
    declined = account.declined() - contributions.keys()
    arrived = Counter((feed, brand_id, event_id) for feed, brand_id, event_id, _ in (*contributions, *declined))
    return Proof(
        owed=sum(acknowledged.values()),
        contributed=len(contributions),
        declined=len(declined),
        lost=sum(max(0, owed - arrived[key]) for key, owed in acknowledged.items()),
        twice=len(account.twice()),
        unasked=sum(max(0, count - acknowledged.get(key, 0)) for key, count in arrived.items()),
    )
