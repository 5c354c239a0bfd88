"""An event that follows another one under its key, with other content: a platform may send one id with each state."""

from enum import Enum, auto

from app.domain.filtering import IgnoreReason


class Succession(Enum):
    """What becomes of the later one."""

    OWES_NOTHING = auto()  # a state that does not count: it is told so, and what is recorded stands
    REPLACES = auto()  # what is recorded was such a state, and decides nothing
    CONFLICTS = auto()


# By which an event is ignored as a state of something that may count in another one.
STATES = frozenset({IgnoreReason.EVENT_TYPE_NOT_COUNTED, IgnoreReason.STATUS_NOT_COUNTED})


def succession(first: IgnoreReason | None, later: IgnoreReason | None) -> Succession:
    """Of two events, each by the reason it is ignored for, or None where it counts. A key contributes once, whatever
    states come in whatever order: nothing replaces what counted, or was ignored for another reason than its state.
    """
    if later in STATES:
        return Succession.OWES_NOTHING
    if first in STATES:
        return Succession.REPLACES
    return Succession.OWES_NOTHING if later is IgnoreReason.ROLLBACK else Succession.CONFLICTS
