"""The command: rounds of raw fuzzing for a while, then the documentation tried out, all on one service."""

import asyncio
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from app.ledger.embedded import EmbeddedServer
from app.ledger.engine import create_engine
from app.ledger.schema import migrate
from app.sandbox.gateway import SandboxGateway
from tests import examples
from tests.fuzz.documented import client_works, conforms
from tests.fuzz.rounds import WARM_UP, Rounds
from tests.fuzz.service import FuzzedService, fuzzed_service

ENDED = frozenset({0, -signal.SIGTERM})  # how a service ends that was told to


def main() -> None:
    """Run the command. Exits 0 only if everything holds, 2 on a wrong command line."""
    typer.run(fuzz)


def fuzz(
    seed: Annotated[int | None, typer.Option(help="What to send: the same seed sends the same. By chance.")] = None,
    seconds: Annotated[int, typer.Option(help="How long raw bytes are sent, at least.", min=0)] = 120,
    examples_each: Annotated[
        int, typer.Option("--examples", help="Requests that are made up for each operation of the document.", min=1)
    ] = 1000,
    tools: Annotated[
        Path | None, typer.Option(help="The folder with Schemathesis; without it, raw bytes only.")
    ] = None,
) -> None:
    """Send everything that should not be sent, and see that the service lives, answers right and forgets nothing."""
    chosen = Random().randrange(1_000_000) if seed is None else seed
    print(f'fuzzing with seed {chosen}; the same again: make fuzz ARGS="--seed {chosen}"', flush=True)
    with TemporaryDirectory(prefix="fuzz-") as folder, _postgres(Path(folder)) as url:
        wrong = asyncio.run(
            _run(Path(folder), url, chosen, seconds=seconds, each=examples_each, tools=tools and tools.absolute())
        )
    for each in wrong:
        print(each)
    if wrong:
        print(f"{len(wrong)} of it did not hold, with seed {chosen}", file=sys.stderr)
        raise typer.Exit(1)
    print("all of it holds")


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    server = EmbeddedServer(folder / "data")
    with server.shared():
        yield server.url


async def _run(folder: Path, url: str, seed: int, *, seconds: int, each: int, tools: Path | None) -> list[str]:
    engine = create_engine(url, pool_size=2, timeout=timedelta(minutes=1))
    await migrate(engine)
    await engine.dispose()
    gateway = SandboxGateway(username=examples.USERNAME, password=examples.PASSWORD, random=Random(seed))
    async with gateway.serving() as gateway_url:
        async with fuzzed_service(folder, database_url=url, gateway_url=gateway_url) as service:
            wrong = await _rounds(service, seed, seconds)
            if tools:
                wrong += await conforms(service, tools, folder, seed=seed, examples_each=each)
                wrong += await client_works(service, tools, folder)
        if service.process.returncode not in ENDED:
            wrong.append(f"the service ended with {service.process.returncode}")
    return wrong + [f"contributed twice: {owed}" for owed in gateway.account.twice()]


async def _rounds(service: FuzzedService, seed: int, seconds: int) -> list[str]:
    rounds = Rounds(service=service, seed=seed)
    ends = time.monotonic() + seconds
    while len(rounds.memory) <= WARM_UP or time.monotonic() < ends:
        await rounds.play()
        print(f"round {len(rounds.memory)}: {rounds.told:,} stories, {service.memory >> 20} MiB", flush=True)
        if rounds.wrong:
            break
    await rounds.close()
    return rounds.wrong
