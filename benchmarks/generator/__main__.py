"""`python -m benchmarks.generator`: reads an order, gets ready, says so, and starts when it is told to."""

import resource
import sys
import time
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
    scheme = StandardWebhooks(keys=(bytes.fromhex(order.key),), tolerance=timedelta(minutes=5))
    requests = events.requests(order.prefix, chosen, scheme=scheme, among=order.among)
    pool = Pool(order.ports, requests, Record.empty(chosen))
    await pool.open(min(order.connections, order.count))
    print("ready", flush=True)
    sys.stdin.readline()
    before = time.process_time()
    if order.rate:
        await steady(pool, rate=order.rate, count=order.count)
    else:
        await saturate(pool, connections=order.connections, count=order.count)
    pool.record.cpu_seconds = time.process_time() - before
    pool.close()
    pool.record.write(Path(order.record))


def main() -> None:
    """One order, one line."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    uvloop.run(generate(Order.read(sys.stdin.readline())))


main()
