"""What a mapping costs: `python -m benchmarks.mapping` reads one event by our schema and by mappings, in turns.

No server and no database: only what a mapping changes, from parsed JSON to the event, on the CPU's clock.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from timeit import timeit

from app.api.payload import EXAMPLES
from app.api.reading import Reader
from app.authentication.insecure import Insecure
from app.domain import document
from app.domain.feed import Feed
from app.domain.filtering import Filter, LoopFilter
from app.domain.mapping import FieldMapping, Source

TIMES = 500
ROUNDS = 60

BET = EXAMPLES["bet"] | {"amount": "2.50"}
PLAIN = Feed(
    name="bet",
    kind="bet",
    operator_id="casino",
    brands=frozenset({"brand1"}),
    scheme=Insecure(),
    filter=Filter(
        loop=LoopFilter(provider_ids=frozenset(), game_codes=frozenset(), event_types=frozenset()),
        rollback_event_types=frozenset(),
        counted_event_types=frozenset(),
        minimum_amount=Decimal(0),
    ),
    rules=(),
)


FIELDS = document.read(json.dumps({**BET, "data": BET}).encode()).fields  # all at the top, and once more under `data`


def microseconds(reader: Reader) -> float:
    """What reading the event takes, on average of many times."""
    return timeit(lambda: reader.event(FIELDS), time.process_time, number=TIMES) / TIMES * 1e6


def mapped(*prefixes: Iterable[str]) -> Feed:
    """A feed whose fields are found behind the first of the prefixes where they are."""
    sources = {name: Source(paths=tuple((*prefix, name) for prefix in prefixes)) for name in BET}
    return replace(PLAIN, mapping=FieldMapping(sources=sources))


def main() -> None:
    """Print a line for each form: the least of all rounds, which a busy machine disturbs least."""
    readers = {
        "built-in schema": Reader(PLAIN),
        "mapped, at the top": Reader(mapped(())),
        "mapped, nested": Reader(mapped(("data",))),
        "mapped, second choice": Reader(mapped(("elsewhere",), ("data",))),
    }
    rounds = [{name: microseconds(reader) for name, reader in readers.items()} for _ in range(ROUNDS)]
    least = {name: min(took[name] for took in rounds) for name in readers}
    for name, took in least.items():
        print(f"{name:22} {took:6.2f} µs  {took / least['built-in schema']:.2f} x")


if __name__ == "__main__":
    main()
