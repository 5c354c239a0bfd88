"""A finding: one contribution that is not as it should be, in the ledger or beside the Gateway's account."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from app.domain.settlement import Status


class Problem(StrEnum):
    """What is the matter."""

    MISSING = "missing"  # owed, and neither there nor pruned
    STRAY = "stray"  # there, and owed by no event
    KEY_DIFFERS = "key_differs"  # there under another key than that of the event that owes it
    OWED_TWICE = "owed_twice"  # by two events
    NOT_AT_GATEWAY = "not_at_gateway"  # contributed by the ledger, not by the Gateway
    AT_GATEWAY = "at_gateway"  # the other way round: the Gateway has what was not contributed by the ledger
    TWICE = "at_gateway_twice"
    AMOUNT_DIFFERS = "amount_differs"  # at the Gateway with another amount than was asked for
    UNASKED = "unasked"  # at the Gateway, and no event owes it
    OPEN_AT_GATEWAY = "open_at_gateway"  # both are possible, and it is
    OPEN_NOT_AT_GATEWAY = "open_not_at_gateway"  # both are possible, and it is not


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`times` is how often it is at the Gateway, `line` where first in the export; `asked` is the amount that we asked
    for, `taken` the one in the export. What is not known is None.
    """

    problem: Problem
    contribution_id: UUID | None
    status: Status | None = None
    feed: str | None = None
    brand_id: str | None = None
    event_id: str | None = None
    source_id: str | None = None
    times: int | None = None
    line: int | None = None
    asked: Decimal | None = None
    taken: Decimal | None = None

    @property
    def is_offence(self) -> bool:
        """Whether it must not be; else a person has to know of it in order to decide."""
        return self.problem not in {Problem.OPEN_AT_GATEWAY, Problem.OPEN_NOT_AT_GATEWAY}


def finding(row: Row[*tuple[Any, ...]]) -> Finding:
    """From a row that has columns of these names."""
    return Finding(
        problem=Problem(row.problem),
        contribution_id=row.contribution_id,
        status=Status(row.status) if row.status else None,
        feed=row.feed,
        brand_id=row.brand_id,
        event_id=row.event_id,
        source_id=row.source_id,
        times=row.times,
        line=row.line,
        asked=row.asked,
        taken=row.taken,
    )
