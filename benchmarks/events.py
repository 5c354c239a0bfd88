"""The events that are sent: each known from its number alone, and signed before any clock starts."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from random import Random

from app.authentication.standard_webhooks import StandardWebhooks

OPERATOR_ID, BRAND_ID, FEED = "casino", "brand1", "bet"
PATH = f"/events/{FEED}"
BATCH_PATH = f"{PATH}/batch"
PAST = "past-"  # what the ids of the past begin with; a number of eight digits follows
NEIGHBOURS = 1000  # a repeated event is one of so many before it

_SCATTER = 2_654_435_761  # a prime: its multiples are all over the place
_GAMES = ("book-of-examples", "lucky-sample", "fruit-fixture", "crash-test")
_COUNTRIES = ("MT", "SE", "UK", "CA")
_CURRENCIES = ("EUR", "SEK", "GBP", "CAD")


def event_id(prefix: str, number: int, *, among: int = 0) -> str:
    """Of an event of a load: ids of one load are in order, as a platform's transaction numbers are; or, as random ones
    are, all over those of `among` so many events of the past.
    """
    own = f"{prefix}{number:08}"
    return f"{PAST}{number * _SCATTER % among:08}-{own}" if among else own


def amount(number: int) -> str:
    """In major units, as it is written in the body: from 0.10 to 199.99."""
    return f"{(10 + number * 7919 % 19_990) / 100:.2f}"


def body(prefix: str, number: int, *, at: datetime, among: int = 0) -> bytes:
    """A bet as operators send them, of some 400 bytes."""
    at_once = at.replace(microsecond=number % 1000 * 1000).isoformat()
    return (
        f'{{"event_id": "{event_id(prefix, number, among=among)}", "event_type": "BET", "brand_id": "{BRAND_ID}", '
        f'"player_id": "player-{number % 5000:05}", "player_country": "{_COUNTRIES[number % 4]}", '
        f'"player_token": "token-{number % 5000:05}-4f6a1d0c", "game_code": "{_GAMES[number % 4]}", '
        f'"provider_id": "example-games", "round_id": "round-{prefix}{number:08}", "amount": {amount(number)}, '
        f'"currency": "{_CURRENCIES[number % 4]}", "occurred_at": "{at_once}", '
        f'"metadata": {{"channel": "web", "session": "{number % 5000:05}"}}}}'
    ).encode()


def request(path: str, content: bytes, *, scheme: StandardWebhooks, message_id: str, timestamp: int) -> bytes:
    """All bytes of a request, signed."""
    signed = scheme.credentials(content, message_id=message_id, timestamp=timestamp)
    lines = [
        f"POST {path} HTTP/1.1",
        "host: 127.0.0.1",
        "user-agent: operator/1.0",
        "content-type: application/json",
        f"content-length: {len(content)}",
        *(f"{name}: {value}" for name, value in signed.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + content


def numbers(count: int, *, repeated: float, random: Random) -> list[int]:
    """Which event is sent each time: the next new one, or, in this share of the times, one of those before."""
    chosen: list[int] = []
    new = 0
    for _ in range(count):
        if new and random.random() < repeated:
            chosen.append(random.randrange(max(0, new - NEIGHBOURS), new))
        else:
            chosen.append(new)
            new += 1
    return chosen


def in_arrays(chosen: Sequence[int], size: int) -> list[Sequence[int]]:
    """So many events for each request; what is left for the last."""
    return [chosen[first : first + size] for first in range(0, len(chosen), size)]


def requests(prefix: str, chosen: Sequence[int], *, scheme: StandardWebhooks, among: int = 0) -> list[bytes]:
    """A request for each number; a repeated event is the same body in a message of its own, as a retry is."""
    now = datetime.now(UTC)
    bodies = (body(prefix, number, at=now, among=among) for number in chosen)
    return _signed(PATH, bodies, prefix, scheme=scheme, now=now)


def batches(prefix: str, arrays: Iterable[Sequence[int]], *, scheme: StandardWebhooks, among: int = 0) -> list[bytes]:
    """A request for each array of numbers, of the bodies that they would have alone."""
    now = datetime.now(UTC)
    bodies = (b"[%b]" % b", ".join([body(prefix, number, at=now, among=among) for number in array]) for array in arrays)
    return _signed(BATCH_PATH, bodies, prefix, scheme=scheme, now=now)


def _signed(path: str, bodies: Iterable[bytes], prefix: str, *, scheme: StandardWebhooks, now: datetime) -> list[bytes]:
    timestamp = int(now.timestamp())
    return [
        request(path, content, scheme=scheme, message_id=f"msg_{prefix}{place}", timestamp=timestamp)
        for place, content in enumerate(bodies)
    ]
