"""What the measurements are called in the report, and what they are of."""

from benchmarks.bare import BARE_ASGI, BARE_MODEL, BARE_ROUTE
from benchmarks.contender import Contender
from benchmarks.rivals import RIVALS

CONTENDERS: dict[str, Contender] = {each.name: each for each in (BARE_ASGI, BARE_MODEL, BARE_ROUTE, *RIVALS)}
BATCHES = {f"batches-{size}": size for size in (1, 10, 100)}  # how many events an array has
_TITLES = {
    "accept": "accepting only",
    "contribute": "event-processor",
    "gateway-5ms": "Gateway of 5 ms",
    "gateway-50ms": "Gateway of 50 ms",
    "duplicates-5": "5 % duplicates",
    "duplicates-50": "50 % duplicates",
    "processes-1": "one process, twice the senders",
    "processes-2": "two processes, as many senders",
    "workers-2": "two workers, as many senders",
    "latency": "event-processor at half of capacity",
    "latency-bare-route": "bare FastAPI route at that rate",
    "backlog-steady": "before the backlog, saturated",
    "backlog-before": "before the backlog, a fifth of that",
    "backlog": "backlog, and a fifth of new events",
}


def title(name: str) -> str:
    """In words."""
    if name in CONTENDERS:
        return CONTENDERS[name].title
    if name in BATCHES:
        return f"in arrays of {BATCHES[name]}"
    if name.startswith("ledger-"):
        rows, *scattered = name.removeprefix("ledger-").split("-")
        return f"on {int(rows):,} rows" + (", ids without order" if scattered else "")
    return _TITLES[name]
