"""How large bodies may be: what the settings say, and less where one is signed in its canonical form."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from app.authentication.canonical_json import LARGEST_BODY
from app.domain.batch import Batch
from app.domain.limits import SMALL, Limits
from app.settings.feeds import FeedSettings
from app.settings.sections import Server


def limits_of(feed: FeedSettings, server: Server) -> Limits:
    """The limits of the feed, for the domain."""
    limits = feed.limits()
    if not feed.signature.canonical:
        return limits
    return replace(limits, body=min(limits.body or server.body_limit, LARGEST_BODY))


def batch_of(feed: FeedSettings) -> Batch:
    """How the feed's batches look, for the domain."""
    batch = feed.batch.batch()
    return replace(batch, body=min(batch.body, LARGEST_BODY)) if feed.signature.canonical else batch


def body_mistakes(feed: FeedSettings) -> Iterator[tuple[str, str]]:
    """What can't be, by the names of the feed's settings."""
    batch_limit = feed.batch.body_limit if "body_limit" in feed.batch.model_fields_set else 0
    for name, limit in (("body_limit", feed.body_limit or 0), ("batch.body_limit", batch_limit)):
        if feed.signature.canonical and limit > LARGEST_BODY:
            yield (
                name,
                f"must be at most {LARGEST_BODY}: a body is written anew to verify a signature of {{canonical_json}}",
            )


def room_mistakes(feeds: Collection[FeedSettings], server: Server) -> Iterator[str]:
    """Whether there is a body that never finds room."""
    largest = max(
        (max(limits_of(feed, server).body or server.body_limit, batch_of(feed).body) for feed in feeds), default=0
    )
    if largest - SMALL > server.large_bodies:
        yield f"server.large_bodies: must be at least {largest - SMALL}, or the largest body allowed never finds room"
