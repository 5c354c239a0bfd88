"""What recording an event came to: counted, logged, and told in the words that a repetition is told again."""

from json.encoder import encode_basestring_ascii
from typing import Any

from app.api.problems import Refusal
from app.api.state import Services
from app.ledger.inbox import Duplicate, Followed, Recorded
from app.ledger.recording import Decided, Entry

Told = Recorded | Duplicate | Followed | Refusal
"""A conflict is a refusal by then."""

_ACCEPTED = '"accepted", "contributions": %d'


def told(event_id: str, decided: Decided) -> str:
    """The members of an answer. Made of what the ledger keeps, so that a duplicate is told the first ones, byte for
    byte.
    """
    outcome = f'"ignored", "reason": "{decided.ignored}"' if decided.ignored else _ACCEPTED % decided.contributions
    return f'"event_id": {encode_basestring_ascii(event_id)}, "status": {outcome}'


def note(service: Services, entry: Entry, outcome: Told) -> None:
    """Count and log it."""
    metrics, feed = service.metrics, entry.key.feed
    match outcome:
        case Recorded(decided):
            if decided.ignored:
                metrics.child(metrics.events_ignored, feed, decided.ignored).inc()
            else:
                metrics.child(metrics.events_accepted, feed).inc()
            _log(service, "api.event_recorded", entry, ignored=decided.ignored, contributions=decided.contributions)
        case Duplicate():
            metrics.events_duplicate.labels(feed).inc()
            _log(service, "api.event_replayed", entry)
        case Followed(decided):
            metrics.events_followed.labels(feed, decided.ignored).inc()
            _log(service, "api.event_followed", entry, ignored=decided.ignored)
        case Refusal(errors=errors):
            metrics.events_conflict.labels(feed).inc()
            _log(service, "api.event_conflicted", entry, errors=errors or [])


def note_skipped(service: Services, feed: str, count: int) -> None:
    """Count and log those of a batch that are another feed's: were they meant for this one, nothing else would tell."""
    service.metrics.child(service.metrics.events_skipped, feed).inc(count)
    service.log.info("api.events_skipped", feed=feed, count=count)


def _log(service: Services, event: str, entry: Entry, **fields: Any) -> None:
    key = entry.key
    service.log.info(event, feed=key.feed, brand_id=key.brand_id, event_id=key.event_id, **fields)
