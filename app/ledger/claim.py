"""A claim: a contribution as whoever holds its lease has it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.domain.event import EventKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A contribution leased to us. `attempt` counts the call to come; `age` is the time since it was recorded, or since
    a person had it sent again; `doubtful` says that an earlier call may have been accepted.
    """

    id: UUID
    key: EventKey
    source_id: str
    body: str
    attempt: int
    age: timedelta
    lease_token: UUID
    doubtful: bool
