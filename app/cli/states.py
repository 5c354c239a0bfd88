"""Which of the states of a thing decides, by the configuration as it is now, where more than one is stored."""

from collections.abc import Iterator
from contextlib import suppress

from app.api.problems import Refusal
from app.api.reading import Reader
from app.domain.filtering import IgnoreReason
from app.domain.succession import STATES
from app.ledger.recording import Entry
from app.ledger.stored import Stored

# What was taken back, or was caused by a contribution, never counts, whatever its other states say.
_NEVER_COUNTS = frozenset({IgnoreReason.ROLLBACK, IgnoreReason.CONTRIBUTION_EVENT})


def deciding(reader: Reader, stored: Stored) -> Entry:
    """What stands under the key, unless that was ignored as a state, and would be again: then it is the first of the
    others that would count. Where one of the others says that the thing never counts, nothing of it does, and it is
    that one. Raises Refusal where what stands would be refused.
    """
    own = _entry(reader, stored.payload)
    if own.key != stored.past.key:
        return own
    counting = own if own.decision.ignored is None else _first_that_counts(reader, stored, own)
    if counting is None:
        return own
    never = (each for each in _others(reader, stored) if each.decision.ignored in _NEVER_COUNTS)
    return next(never, counting)


def _first_that_counts(reader: Reader, stored: Stored, own: Entry) -> Entry | None:
    if stored.past.ignored not in STATES or own.decision.ignored not in STATES:
        return None
    others = (each for each in _others(reader, stored) if each.key == own.key)
    return next((each for each in others if each.decision.ignored is None), None)


def _others(reader: Reader, stored: Stored) -> Iterator[Entry]:
    """The other states, as far as they can be read now."""
    for payload in stored.other_states:
        with suppress(Refusal):
            yield _entry(reader, payload)


def _entry(reader: Reader, payload: str) -> Entry:
    return reader.entry(reader.parsed(payload.encode()))
