"""What a person may do to contributions, and to which of them."""

from dataclasses import dataclass
from datetime import timedelta

from app.domain.settlement import Status

REPLAYED_FROM = frozenset({Status.DECLINED, Status.EXPIRED, Status.UNKNOWN, Status.DISCARDED})
DISCARDED_FROM = frozenset({Status.PENDING, Status.DECLINED, Status.EXPIRED, Status.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Have contributions sent again, the first now and each `spacing` after the one before. Those that may have
    reached the Gateway are left alone, unless `doubtful` says that it is safe to send them; `absent` that this is so
    because a person looked, and they are not there; `discarded` that what a person had discarded is meant as well.
    """

    spacing: timedelta = timedelta()
    doubtful: bool = False
    absent: bool = False
    discarded: bool = True


@dataclass(frozen=True, slots=True)
class Discard:
    """Decide that contributions are not sent."""


Action = Replay | Discard


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who does it, and why."""

    actor: str
    reason: str
