"""`python -m benchmarks.generator`: reads an order, gets ready, says so, and starts when it is told to."""

import resource
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

import uvloop

from app.authentication.standard_webhooks import StandardWebhooks
from benchmarks import events
from benchmarks.generator.order import Order, Record
from benchmarks.generator.pool import Pool
from benchmarks.generator.saturating import saturate
from benchmarks.generator.steady import steady


async def generate(order: Order) -> None:
    """Carry out an order and write its record."""
    chosen = events.numbers(order.count, repeated=order.repeated, random=Random(order.seed))
    arrays = events.in_arrays(chosen, order.together)
    requests = _requests(order, arrays)
    pool = Pool(order.ports, requests, Record.empty([first for first, *_ in arrays]))
    await pool.open(min(order.connections, len(requests)))
    print("ready", flush=True)
    sys.stdin.readline()
    before = time.process_time()
    if order.rate:
        await steady(pool, rate=order.rate / order.together, count=len(requests))
    else:
        await saturate(pool, connections=order.connections, count=len(requests))
    pool.record.cpu_seconds = time.process_time() - before
    pool.close()
    pool.record.of_each(arrays).write(Path(order.record))


def _requests(order: Order, arrays: Sequence[Sequence[int]]) -> list[bytes]:
    scheme = StandardWebhooks(keys=(bytes.fromhex(order.key),), tolerance=timedelta(minutes=5))
    if order.batch:
        return events.batches(order.prefix, arrays, scheme=scheme, among=order.among)
    return events.requests(order.prefix, [event for (event,) in arrays], scheme=scheme, among=order.among)


def main() -> None:
    """One order, one line."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    uvloop.run(generate(Order.read(sys.stdin.readline())))


main()
