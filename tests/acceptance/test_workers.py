"""A service of several workers: one to those who send, to those who watch, and to whoever stops it."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli.listening import SharedAddresses, listening
from app.cli.service_process import free_port, service_process
from app.cli.workers import Workers
from app.ledger.census import take_census
from app.ledger.embedded import EmbeddedServer
from app.ledger.tables import contributions
from app.sandbox.operator import label
from tests import examples
from tests.acceptance.conftest import Serve
from tests.acceptance.wire import Address
from tests.examples import Running

TWO = "workers = 2"
QUICK = 'drain = "1ms"'
NEW_CONNECTIONS = httpx.Limits(max_keepalive_connections=0)


def _client(address: Address) -> httpx.AsyncClient:
    """Connects anew for each request, so that any of the workers may answer."""
    return httpx.AsyncClient(base_url=address.url, limits=NEW_CONNECTIONS, timeout=examples.DEADLINE)


def _watching(address: Address) -> httpx.AsyncClient:
    """Keeps its connection, so that the same worker answers for all of them."""
    return httpx.AsyncClient(base_url=address.url, timeout=examples.DEADLINE)


async def _post(client: httpx.AsyncClient, event_id: str) -> httpx.Response:
    body = json.dumps(examples.bet(event_id=event_id)).encode()
    return await client.post("/events/bet", content=body, headers=examples.signed(body))


async def _metric(client: httpx.AsyncClient, name: str, **labels: str) -> float:
    text = (await client.get("/metrics")).text
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    found = [s.value for s in samples if s.name == f"event_processor_{name}" and labels.items() <= s.labels.items()]
    return sum(found)


async def _all_serve(client: httpx.AsyncClient, count: int = 2) -> None:
    async def serve() -> bool:
        return await _metric(client, "workers") == count

    await examples.eventually(serve)


async def _one_replaced(client: httpx.AsyncClient) -> None:
    async def replaced() -> bool:
        try:
            return await _metric(client, "workers_replaced_total") >= 1
        except httpx.TransportError:
            return False  # the question was given to the one that is gone

    await examples.eventually(replaced)


def _lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


async def _end(process: Process) -> int:
    with anyio.fail_after(examples.DEADLINE):
        return await process.wait()


async def test_two_workers_make_one_contribution_for_each_event_and_are_counted_together(
    serve: Serve, engine: AsyncEngine, gateway: Running, tmp_path: Path
) -> None:
    async with serve(TWO, QUICK) as (_, address), _client(address) as client, _watching(address) as watching:
        await _all_serve(watching)
        answers = await asyncio.gather(*(_post(client, f"bet-{number % 64}") for number in range(128)))

        async def contributed() -> bool:
            return await _metric(watching, "contributions_settled_total", status="contributed") == 64

        await examples.eventually(contributed)
        counted = [await _metric(watching, name) for name in ("events_accepted_total", "events_duplicate_total")]
        observed = [await _metric(watching, name) for name in ("record_seconds_count", "end_to_end_seconds_count")]
    recorded = Counter(
        line["worker"] for line in _lines(tmp_path / f"{address.port}.log") if line["event"] == "api.event_recorded"
    )

    assert Counter({"accepted": 64, "duplicate": 64}) == Counter(map(label, answers))
    assert ([64, 64], [128, 64]) == (counted, observed)
    assert ({1, 2}, 64) == (set(recorded), recorded.total())
    assert (64, []) == (gateway.simulator.account.contributions().total(), gateway.simulator.account.twice())
    assert (await take_census(engine)).by_status["contributed"] == 64


async def test_a_killed_worker_is_replaced_and_nothing_that_was_acknowledged_is_lost(
    serve: Serve, engine: AsyncEngine, gateway: Running
) -> None:
    acknowledged = set[str]()
    replaced = asyncio.Event()

    async def send(client: httpx.AsyncClient) -> None:
        while not replaced.is_set():
            event_id = f"bet-{uuid4()}"
            try:
                response = await _post(client, event_id)
            except httpx.TransportError:
                continue  # it was with the one that was killed
            assert response.status_code == 202
            acknowledged.add(event_id)

    async def under_way() -> bool:
        return len(acknowledged) > 50

    async def settled() -> bool:
        async with engine.connect() as connection:
            rows = await connection.execute(select(contributions.c.event_id, contributions.c.status))
            statuses = {row.event_id: row.status for row in rows}
        return acknowledged <= statuses.keys() and set(statuses.values()) <= {"contributed", "unknown"}

    before = 'database_timeout = "2s"\n[dispatcher]\nlease = "3s"'
    async with serve(TWO, QUICK, before=before) as (process, address), _client(address) as client:
        await _all_serve(client)
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(send(client))
            await examples.eventually(under_way)
            psutil.Process(process.pid).children()[0].kill()
            await _one_replaced(client)
            replaced.set()
        await _all_serve(client)
        counted = await _metric(client, "events_accepted_total")
        await examples.eventually(settled)

    assert len(acknowledged) <= counted
    assert gateway.simulator.account.twice() == []
    assert (await take_census(engine)).balances


async def test_where_a_worker_cannot_come_back_the_others_serve_until_it_can(serve: Serve, tmp_path: Path) -> None:
    async with serve(TWO, QUICK) as (process, address), _client(address) as client:
        await _all_serve(client)
        configuration = tmp_path / f"{address.port}.toml"
        right = configuration.read_text()
        configuration.write_text("")
        killed = psutil.Process(process.pid).children()[0]
        killed.kill()
        await asyncio.to_thread(killed.wait, examples.DEADLINE)

        async def tried_again() -> bool:
            lines = (tmp_path / f"{address.port}.log").read_text().splitlines()
            return sum('"workers.ended"' in line and '"status":2' in line for line in lines) == 2

        await examples.eventually(tried_again)
        alone = await _metric(client, "workers")
        answer = await _post(client, "bet-1")
        configuration.write_text(right)
        await _all_serve(client)

        assert (1, 202) == (alone, answer.status_code)
        assert await _metric(client, "workers_replaced_total") == 3


async def test_a_worker_that_hangs_is_replaced(
    database_url: str, gateway: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, whose patience is shorter."""
    settings = examples.environment(DATABASE_URL=database_url, GATEWAY__URL=gateway.url, SERVER__DRAIN="1ms")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, "-m", "app"])
    monkeypatch.setattr(sys, "argv", ["app"])
    listeners = listening("127.0.0.1", 0)
    address = Address(port=listeners[0].getsockname()[1])
    workers = Workers(SharedAddresses(listeners), count=2, folder=tmp_path, patience=5)
    async with asyncio.TaskGroup() as group, _client(address) as client:
        running = group.create_task(workers.run())
        await _all_serve(client)
        hanging = psutil.Process().children()[0]
        hanging.suspend()
        await _one_replaced(client)
        signal.raise_signal(signal.SIGTERM)

    assert -signal.SIGTERM == running.result()
    assert not hanging.is_running()


async def test_a_second_signal_does_not_wait_for_the_drain(serve: Serve) -> None:
    async with serve(TWO, 'drain = "10m"') as (process, address), _client(address) as client:
        await _all_serve(client)
        await _drain(process, client)
        process.send_signal(signal.SIGTERM)

        assert await _end(process) == -signal.SIGTERM


async def _drain(process: Process, client: httpx.AsyncClient) -> None:
    process.send_signal(signal.SIGTERM)

    async def draining() -> bool:
        return bool((await client.get("/health/ready")).json()["status"] == "draining")

    await examples.eventually(draining)


async def test_a_signal_to_all_of_the_processes_counts_once(serve: Serve) -> None:
    """As a service manager sends it, to the parent and to the workers."""
    async with serve(TWO, 'drain = "10m"') as (process, address), _client(address) as client:
        await _all_serve(client)
        workers = psutil.Process(process.pid).children()
        for worker in workers:
            worker.terminate()
        await _drain(process, client)
        answers = [label(await _post(client, "bet-1")) for _ in range(200)]

        assert Counter({"refused: 503": 200}) == Counter(answers)
        assert [True, True] == [worker.is_running() for worker in workers]
        process.send_signal(signal.SIGTERM)
        await _end(process)


async def test_ctrl_c_ends_all_of_them_and_is_no_failure(serve: Serve) -> None:
    async with serve(TWO, QUICK) as (process, address), _client(address) as client:
        await _all_serve(client)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does

        assert await _end(process) == 0


async def test_without_their_parent_the_workers_end_and_leave_nothing_behind(serve: Serve) -> None:
    async with serve(TWO, QUICK) as (process, address), _client(address) as client:
        await _all_serve(client)
        workers = psutil.Process(process.pid).children()
        metrics = {Path(word.removeprefix("--metrics=")) for word in workers[0].cmdline() if "--metrics=" in word}
        process.kill()
        await _end(process)
        _, alive = await asyncio.to_thread(psutil.wait_procs, workers, timeout=examples.DEADLINE)

    assert alive == []
    assert [False] == [folder.exists() for folder in metrics]


async def test_the_folder_of_the_metrics_goes_with_the_service(serve: Serve) -> None:
    async with serve(TWO, QUICK) as (process, address), _client(address) as client:
        await _all_serve(client)
        (worker, *_) = psutil.Process(process.pid).children()
        (folder,) = (Path(word.removeprefix("--metrics=")) for word in worker.cmdline() if "--metrics=" in word)
        there = folder.is_dir()
        process.terminate()
        await _end(process)

    assert (True, False) == (there, folder.exists())


async def test_one_process_is_one_process(serve: Serve) -> None:
    async with serve(QUICK) as (process, address), _client(address) as client:
        assert psutil.Process(process.pid).children() == []
        assert await _metric(client, "workers") == 1


async def test_the_workers_share_one_embedded_database_and_the_last_one_stops_it(tmp_path: Path) -> None:
    configuration, port, folder = tmp_path / "event-processor.toml", free_port(), tmp_path / "data"
    configuration.write_text(
        f'operator_id = "casino"\nbrands = ["brand1"]\ndata_folder = "{folder}"\n'
        f'[server]\nport = {port}\nworkers = 3\ndrain = "1ms"\n'
        f'[gateway]\nurl = "http://127.0.0.1:9"\nusername = "{examples.USERNAME}"\npassword = "{examples.PASSWORD}"\n'
        f'[feeds.bet]\nwebhook_secrets = ["{examples.SECRET}"]\n[feeds.deposit]\nenabled = false\n'
    )
    address = Address(port=port)
    async with service_process(configuration, address.url, log=tmp_path / "log") as process, _client(address) as client:
        await _all_serve(client, 3)
        answers = await asyncio.gather(*(_post(client, f"bet-{number}") for number in range(24)))
        process.terminate()
        await _end(process)

    assert {202} == {answer.status_code for answer in answers}
    assert not EmbeddedServer(folder).running


async def _serve_two(*options: str, **settings: str) -> tuple[int, list[str]]:
    """The exit status of a service of two workers that does not start, and the lines that it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "serve", "--workers", "2", *options), stderr=PIPE, env=os.environ | settings
    )
    with anyio.fail_after(examples.DEADLINE):
        _, errors = await process.communicate()
    return await _end(process), errors.decode().splitlines()


async def test_a_wrong_setting_and_a_port_in_use_are_one_line_and_nothing_is_started(serve: Serve) -> None:
    async with serve(TWO, QUICK) as (_, address):
        taken = await _serve_two("--port", str(address.port), **examples.environment(DATABASE_URL="postgresql://n@/n"))
    wrong = await _serve_two(**examples.environment(BRANDS=""))

    assert (3, [f"port: cannot listen on 127.0.0.1:{address.port}"]) == (
        taken[0],
        [line.partition(": Address")[0] for line in taken[1]],
    )
    assert (2, ["configuration: brands"]) == (wrong[0], [":".join(line.split(":")[:2]) for line in wrong[1]])


async def test_a_worker_that_cannot_start_ends_the_start(tmp_path: Path) -> None:
    """The embedded database finds out late: when it is to be made. The first worker tries, and no other does."""
    (tmp_path / "file").touch()
    settings = examples.environment(DATA_FOLDER=str(tmp_path / "file"))
    status, lines = await _serve_two("--port", "0", **settings)
    events = [json.loads(line)["event"] for line in lines]

    assert (3, 1) == (status, events.count("workers.start_failed"))
    assert (1, 0) == (events.count("Waiting for application startup."), events.count("workers.ended"))


@pytest.mark.parametrize("count", ["0", "-1", "many"])
async def test_a_number_of_workers_is_at_least_one(count: str) -> None:
    status, lines = await _serve_two("--workers", count, **examples.environment())

    assert status == 2
    assert "--workers" in " ".join(lines)
