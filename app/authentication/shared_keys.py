"""Feeds with a key in common: no scheme signs the path, so what is authentic for one of them is so for the others."""

from collections import defaultdict
from collections.abc import Iterable

from app.authentication.api_keys import ApiKeys
from app.authentication.basic import Basic
from app.authentication.signature import Signature
from app.authentication.standard_webhooks import StandardWebhooks
from app.domain.authentication import Scheme
from app.domain.feed import Feed

MEANING = "what is authentic for one of them is so for the others"


def sharing_keys(feeds: Iterable[Feed]) -> list[tuple[str, ...]]:
    """The names of those that have the same key, for each such set of them once."""
    holders: dict[bytes, list[str]] = defaultdict(list)
    for feed in feeds:
        for key in _keys(feed.scheme):
            holders[key].append(feed.name)
    return sorted({tuple(names) for names in holders.values() if len(names) > 1})


def _keys(scheme: Scheme) -> frozenset[bytes]:
    match scheme:
        case StandardWebhooks(keys=keys, public_keys=public_keys):
            return frozenset(keys) | (public_keys.live_keys if public_keys else frozenset())
        case ApiKeys(keys=keys):
            return frozenset(keys)
        case Basic(users=users):
            return frozenset(users)
        case Signature(algorithm=algorithm):
            return algorithm.live_keys
        case _:
            return frozenset()
