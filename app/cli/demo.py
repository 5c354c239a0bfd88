"""`demo`: the main job end to end, and the proof that everything accepted arrived once."""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Annotated, Any

import httpx
import typer
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.cli.service_process import NotReadyError, environment, free_port, service_process
from app.ledger.embedded import EmbeddedServer
from app.sandbox.gateway import Faults, SandboxGateway
from app.sandbox.operator import GaveUpError, Operator, Record
from app.sandbox.proof import Proof, prove
from app.sandbox.setup import BRAND_ID, FolderTakenError, Setup
from app.sandbox.traffic import Traffic

CONCURRENCY = 32
SETTLED_WITHIN = 300.0  # seconds, on the slowest of machines
FAULTS = Faults(latency=0.005, rate_limited=0.02, unavailable=0.02, retry_after=1)

_console = Console()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the demo saw: the operator's record, the Gateway's account against it, and the service's ledger."""

    record: Record
    proof: Proof
    calls: dict[str, int]
    ledger: dict[str, Any]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether the promises were kept and every answer was right."""
        return self.proof.holds and bool(self.ledger["balances"]) and not self.record.unexpected


def demo(
    events: Annotated[int, typer.Option(help="How many events to send, about.", min=100)] = 2000,
    seed: Annotated[int, typer.Option(help="Another seed makes another mix.")] = 1,
    folder: Annotated[Path, typer.Option(help="Where its database and logs go: a new one, or a demo's.")] = Path(
        ".sandbox/demo"
    ),
) -> None:
    """Run a Gateway, the service and an operator's traffic, and compare what was acknowledged with what arrived."""
    setup = Setup(folder=folder.resolve())
    problem = ""
    try:
        with setup.own_folder():
            if (left := EmbeddedServer(setup.folder)).running:  # by a demo that was killed
                left.stop("immediate")
            setup.empty_folder()
            outcome = asyncio.run(_run(setup, events=events, random=Random(seed)))
    except* TimeoutError:
        problem = f"contributions were still pending when time ran out; see {folder}"
    except* (NotReadyError, GaveUpError) as errors:
        problem = f"{errors.exceptions[0]}; see {folder}"
    except* FolderTakenError as errors:
        problem = str(errors.exceptions[0])
    except* KeyboardInterrupt:
        problem = "interrupted"
    if problem:
        print(f"demo: {problem}", file=sys.stderr)
        raise typer.Exit(1)
    _console.print(_table(outcome))
    for surprise in outcome.record.unexpected[:10]:
        _console.print(f"unexpected: {surprise}")
    if not outcome.holds:
        raise typer.Exit(1)


async def _run(setup: Setup, *, events: int, random: Random) -> Outcome:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    gateway = SandboxGateway(username=setup.username, password=setup.password, random=random)
    gateway.faults = FAULTS
    async with gateway.serving() as gateway_url:
        setup.write(gateway_url=gateway_url, port=port)
        _console.print("starting PostgreSQL and the service …")
        async with service_process(setup.configuration, url, log=setup.folder / "service.log"):
            began = time.monotonic()
            record = await _traffic(setup, gateway, url, events=events, random=random)
            seconds = time.monotonic() - began
            ledger = await _ledger(setup)
    return Outcome(
        record=record,
        proof=prove(record.acknowledged, gateway.account),
        calls=gateway.account.summary()["by_answer"],
        ledger=ledger,
        seconds=seconds,
    )


async def _traffic(setup: Setup, gateway: SandboxGateway, url: str, *, events: int, random: Random) -> Record:
    """Send everything, publish each contribution's debit, and wait until nothing is left to do."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    stories = list(Traffic(brand_id=BRAND_ID, random=random).stories(events))
    total = sum(len(story.postings) for story in stories)
    limits = httpx.Limits(max_connections=2 * CONCURRENCY)
    with Progress(*columns, console=_console) as progress:
        sending = progress.add_task("requests sent, wallet debits included", total=total)
        arriving = progress.add_task("contributions at the Gateway", total=None)

        def sent() -> None:
            progress.advance(sending)
            if operator.record.answers.total() == total // 2:
                gateway.revoke_tokens()

        def contributed(contribution: dict[str, Any]) -> None:
            progress.update(sending, total=total + gateway.account.contributions().total())
            progress.advance(arriving)
            operator.debited(contribution)

        async with (
            httpx.AsyncClient(base_url=url, limits=limits, timeout=60, trust_env=False) as client,
            asyncio.TaskGroup() as group,
        ):
            operator = Operator(client, setup.schemes, sent=sent)
            gateway.contributed = contributed
            publishing = [group.create_task(operator.send_debits()) for _ in range(CONCURRENCY // 4)]
            await operator.send(stories, concurrency=CONCURRENCY)
            async with asyncio.timeout(SETTLED_WITHIN):
                await _settled(setup, client)
                await operator.debits_sent()
            for task in publishing:
                task.cancel()
        progress.update(arriving, total=progress.tasks[arriving].completed)
    return operator.record


async def _settled(setup: Setup, client: httpx.AsyncClient) -> None:
    while True:
        metrics = await _metrics(client)
        if metrics["event_processor_backlog"] == metrics["event_processor_dispatcher_in_flight"] == 0:
            statuses = (await _ledger(setup))["by_status"]
            if not (statuses["pending"] or statuses["in_flight"]):
                return
        await asyncio.sleep(0.1)


async def _metrics(client: httpx.AsyncClient) -> dict[str, float]:
    text = (await client.get("/metrics")).text
    return {sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples}


async def _ledger(setup: Setup) -> dict[str, Any]:
    """What `event-processor ledger` says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "ledger", "--json"),
        env=environment(setup.configuration),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    ledger: dict[str, Any] = json.loads(output)
    return ledger


def _table(outcome: Outcome) -> Table:
    answers, proof = outcome.record.answers, outcome.proof
    table = Table("what", "count", title="What was sent, and what became of it", title_justify="left")
    table.columns[1].justify = "right"
    table.add_row("requests sent", str(answers.total()))
    for answer in sorted(answers):
        table.add_row(f"  {answer}", str(answers[answer]))
    table.add_section()
    table.add_row("calls at the Gateway", str(sum(outcome.calls.values())))
    for answer, count in outcome.calls.items():
        table.add_row(f"  answered {answer}", str(count))
    table.add_section()
    table.add_row("contributions owed for what was accepted", str(proof.owed))
    table.add_row("  made at the Gateway", str(proof.contributed))
    table.add_row("  declined by the Gateway", str(proof.declined))
    table.add_section()
    table.add_row("lost", str(proof.lost))
    table.add_row("made twice", str(proof.twice))
    table.add_row("made unasked", str(proof.unasked))
    table.add_row("ledger balances", "yes" if outcome.ledger["balances"] else "NO")
    table.add_row("answers that were not right", str(len(outcome.record.unexpected)))
    table.add_row("seconds", f"{outcome.seconds:.1f}")
    return table
