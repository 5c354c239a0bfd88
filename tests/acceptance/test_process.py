"""The real command in real processes, over real sockets, ended by real signals."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import httpx
import psutil
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli.listening import told
from app.cli.service_process import NotReadyError, free_port, service_process
from app.ledger.census import take_census
from app.ledger.embedded import EmbeddedServer
from app.ledger.tables import events
from app.sandbox.operator import label
from app.sandbox.setup import Setup
from tests import examples
from tests.examples import Running

Start = Callable[..., AbstractAsyncContextManager[tuple[Process, httpx.AsyncClient]]]


@pytest.fixture
def start(database_url: str, gateway: Running, tmp_path: Path) -> Start:
    """Starts a service on the test's database, as often as it is called."""

    @asynccontextmanager
    async def run(drain: str = "300ms") -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
        port = free_port()
        configuration = tmp_path / f"{port}.toml"
        configuration.write_text(
            f'operator_id = "casino"\nbrands = ["brand1"]\ndatabase_url = "{database_url}"\n'
            f'[server]\nport = {port}\ndrain = "{drain}"\n'
            f'[gateway]\nurl = "{gateway.url}"\nusername = "{examples.USERNAME}"\npassword = "{examples.PASSWORD}"\n'
            f'[feeds.bet]\nwebhook_secrets = ["{examples.SECRET}"]\n[feeds.deposit]\nenabled = false\n'
        )
        url = f"http://127.0.0.1:{port}"
        limits = httpx.Limits(max_connections=250)
        async with (
            service_process(configuration, url, log=tmp_path / f"{port}.log") as process,
            httpx.AsyncClient(base_url=url, limits=limits, timeout=examples.DEADLINE) as client,
        ):
            yield process, client

    return run


async def _post(client: httpx.AsyncClient, fields: dict[str, Any]) -> httpx.Response:
    body = json.dumps(fields).encode()
    return await client.post("/events/bet", content=body, headers=examples.signed(body))


async def _end(process: Process) -> int:
    """Wait for a process to end, and no longer than it can take."""
    with anyio.fail_after(examples.DEADLINE):
        return await process.wait()


async def _until(process: Process, text: bytes) -> str:
    """What a process prints, up to a text."""
    assert process.stdout is not None
    with anyio.fail_after(examples.DEADLINE):
        return (await process.stdout.readuntil(text)).decode()


async def _recorded(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        return set((await connection.execute(select(events.c.event_id))).scalars())


async def _post_until_it_ends(client: httpx.AsyncClient, acknowledged: set[str], answers: Counter[str]) -> None:
    """Post one event after the other, keeping a record of what was acknowledged, until nobody listens."""
    for _ in range(100_000):
        event_id = f"bet-{uuid4()}"
        try:
            response = await _post(client, examples.bet(event_id=event_id))
        except httpx.TransportError:
            return
        answers[label(response)] += 1
        if response.status_code == httpx.codes.ACCEPTED:
            acknowledged.add(event_id)


async def _under_load(process: Process, client: httpx.AsyncClient, signal_number: int) -> tuple[set[str], Counter[str]]:
    """Post from several connections, send the signal under way, and give what was acknowledged."""
    acknowledged, answers = set[str](), Counter[str]()
    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(_post_until_it_ends(client, acknowledged, answers))

        async def under_way() -> bool:
            return len(acknowledged) > 50

        await examples.eventually(under_way)
        process.send_signal(signal_number)
    await _end(process)
    return acknowledged, answers


async def test_of_two_hundred_equal_requests_to_two_processes_one_contributes(start: Start, gateway: Running) -> None:
    async with start() as (_, first), start() as (_, second):
        responses = await asyncio.gather(*(_post((first, second)[turn % 2], examples.bet()) for turn in range(200)))

        async def arrived() -> bool:
            return gateway.simulator.account.contributions().total() > 0

        await examples.eventually(arrived)

    assert Counter({"duplicate": 199, "accepted": 1}) == Counter(map(label, responses))
    assert {b'{"event_id": "bet-1", "status": "accepted", "contributions": 1}'} == {r.content for r in responses}
    assert len(gateway.simulator.account.calls) == 1


async def test_a_killed_process_has_lost_nothing_that_it_acknowledged(
    start: Start, engine: AsyncEngine, gateway: Running
) -> None:
    async with start() as (process, client):
        acknowledged, answers = await _under_load(process, client, signal.SIGKILL)

    assert {"accepted"} == answers.keys()
    assert acknowledged <= await _recorded(engine)
    assert gateway.simulator.account.twice() == []
    assert (await take_census(engine)).balances


async def test_a_terminated_process_says_so_and_settles_what_it_began(
    start: Start, engine: AsyncEngine, gateway: Running
) -> None:
    async with start() as (process, client):
        acknowledged, answers = await _under_load(process, client, signal.SIGTERM)

    assert {"accepted", "refused: 503"} == answers.keys()
    assert acknowledged <= await _recorded(engine)
    census = await take_census(engine)
    assert (0, 0) == (census.by_status["in_flight"], census.by_status["unknown"])
    assert census.by_status["contributed"] == gateway.simulator.account.contributions().total()
    assert gateway.simulator.account.twice() == []


async def test_a_second_signal_does_not_wait_for_the_drain_and_yet_settles(
    start: Start, engine: AsyncEngine, gateway: Running
) -> None:
    gateway.simulator.faults = gateway.simulator.faults.changed({"latency": 1.0})
    async with start(drain="10m") as (process, client):
        await _post(client, examples.bet())

        async def under_way() -> bool:
            return (await take_census(engine)).by_status["in_flight"] == 1

        await examples.eventually(under_way)
        process.send_signal(signal.SIGINT)

        async def draining() -> bool:
            return bool((await client.get("/health/ready")).json()["status"] == "draining")

        await examples.eventually(draining)
        process.send_signal(signal.SIGINT)
        await _end(process)

    assert (await take_census(engine)).by_status["contributed"] == 1


@pytest.mark.parametrize(
    "beginning",
    [
        b"POST /events/bet HTTP/1.1\r\n",
        b"POST /events/bet HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
    ],
    ids=["headers", "trailers"],
)
async def test_whoever_sends_endless_headers_or_trailers_is_hung_up_on(start: Start, beginning: bytes) -> None:
    async with start() as (_, client):
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(beginning)
        with suppress(ConnectionError):
            for number in range(100_000):
                writer.write(b"x-%d: %s\r\n" % (number, b"x" * 1000))
                await writer.drain()

        assert await _hung_up(reader)
        assert (await client.get("/health/live")).status_code == 200


async def _hung_up(reader: asyncio.StreamReader) -> bool:
    try:
        return not await reader.read()
    except ConnectionError:
        return True


async def test_what_one_process_left_pending_the_next_contributes(
    start: Start, engine: AsyncEngine, gateway: Running
) -> None:
    gateway.simulator.faults = gateway.simulator.faults.changed({"authentication_down": True})
    async with start() as (process, client):
        assert (await _post(client, examples.bet())).status_code == 202
        process.kill()
        await _end(process)
    gateway.simulator.faults = gateway.simulator.faults.changed({"authentication_down": False})
    async with start():

        async def settled() -> bool:
            return (await take_census(engine)).by_status["contributed"] == 1

        await examples.eventually(settled)

    assert gateway.simulator.account.contributions().total() == 1


async def test_a_service_that_does_not_start_is_told_from_one_that_is_slow(tmp_path: Path) -> None:
    configuration = tmp_path / "wrong.toml"
    configuration.write_text("")

    with pytest.raises(NotReadyError):
        async with service_process(configuration, "http://127.0.0.1:9", log=tmp_path / "log"):
            pass

    assert "configuration: operator_id: is needed" in (tmp_path / "log").read_text()


async def _command(*arguments: str, **environment: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", *arguments), stdout=PIPE, stderr=PIPE, env=os.environ | environment
    )
    with anyio.fail_after(2 * examples.DEADLINE):
        output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def test_the_demo_holds(tmp_path: Path) -> None:
    status, output, errors = await _command("demo", "--events", "200", "--folder", str(tmp_path / "demo"))

    assert (0, "") == (status, errors), output
    for promise in ("lost", "made twice", "made unasked", "answers that were not right"):
        assert f"{promise} 0" in " ".join(output.replace("│", " ").split())


async def test_the_sandbox_gateway_serves_until_it_is_interrupted() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "sandbox", "--port", "0"),
        stdout=PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    url = (await _until(process, b"\n")).split()[5]
    async with httpx.AsyncClient(base_url=url) as client:
        credentials = {"username": "event-processor", "password": "sandbox-password"}
        token = (await client.post("/authenticate/service", json=credentials)).json()["token"]
        faults = await client.patch("/sandbox/faults", json={"latency": 0.01, "taken": False})
        wrong = await client.patch("/sandbox/faults", json={"locusts": 1})
        contribution = json.loads(examples.entry().decision.contributions[0].body)
        contributed = await client.post(
            "/jackpots/contribute/source", json=contribution, headers={"authorization": f"Bearer {token}"}
        )
        account = (await client.get("/sandbox/account")).json()
    process.send_signal(signal.SIGINT)

    assert await _end(process) == 0
    assert (200, 422, 200) == (faults.status_code, wrong.status_code, contributed.status_code)
    assert {"calls": 1, "contributions": 1, "contributed_twice": []}.items() <= account.items()


async def test_the_ledger_is_counted_and_a_body_is_signed(start: Start, database_url: str) -> None:
    settings = examples.environment(
        DATABASE_URL=database_url, FEEDS__BET__ENABLED="true", FEEDS__BET__WEBHOOK_SECRETS=examples.SECRET
    )
    body = json.dumps(examples.bet())
    async with start() as (_, client):
        status, output, _ = await _command("sign", "bet", body, **settings)
        headers = dict(line.split(": ") for line in output.splitlines()) | {"content-type": "application/json"}
        response = await client.post("/events/bet", content=body.encode(), headers=headers)
    counted, ledger, _ = await _command("ledger", **settings)
    missing, _, errors = await _command("sign", "poker", body, **settings)

    assert (0, 202, 0, 2) == (status, response.status_code, counted, missing)
    assert "balances yes" in " ".join(ledger.replace("│", " ").split())
    assert "there is no feed poker" in " ".join(errors.split())


async def test_the_sandbox_with_the_service_prints_what_can_be_pasted(tmp_path: Path) -> None:
    """`make run`: the address of the documentation and a line for curl, which signs with what is configured."""
    options = ("--with-service", "--port", "0", "--service-port", "0", "--folder", str(tmp_path / "run"))
    process = await asyncio.create_subprocess_exec(*(sys.executable, "-m", "app", "sandbox", *options), stdout=PIPE)
    text = await _until(process, b"Ctrl-C")
    configuration = re.search("^export EVENT_PROCESSOR_CONFIG=(.*)$", text, re.MULTILINE)
    body = re.search("^BODY='(.*)'$", text, re.MULTILINE)
    url = re.search(r"(http://[\d.:]+/events/bet)$", text, re.MULTILINE)
    assert configuration is not None
    assert body is not None
    assert url is not None

    _, headers, _ = await _command("sign", "bet", body[1], EVENT_PROCESSOR_CONFIG=configuration[1])
    async with httpx.AsyncClient() as client:
        signed = dict(line.split(": ") for line in headers.splitlines()) | {"content-type": "application/json"}
        answers = [await client.post(url[1], content=body[1], headers=signed) for _ in range(2)]
        answers.append(await client.post(url[1], content=body[1].replace("2.50", "2.51"), headers=signed))
        page = await client.get(url[1].replace("/events/bet", "/docs"))
    process.send_signal(signal.SIGINT)

    assert await _end(process) == 0
    assert ["accepted", "duplicate", "refused: 401"] == [label(answer) for answer in answers]
    assert (answers[0].content, 200) == (answers[1].content, page.status_code)


async def test_traffic_against_a_running_service_is_answered_as_it_should_be(
    database_url: str, gateway: Running, tmp_path: Path
) -> None:
    port = free_port()
    configuration = tmp_path / "event-processor.toml"
    configuration.write_text(
        f'operator_id = "casino"\nbrands = ["brand1"]\ndatabase_url = "{database_url}"\n[server]\nport = {port}\n'
        f'drain = "1ms"\n[gateway]\nurl = "{gateway.url}"\n'
        f'username = "{examples.USERNAME}"\npassword = "{examples.PASSWORD}"\n'
        f'[feeds.bet]\nwebhook_secrets = ["{examples.SECRET}"]\n'
        '[feeds.deposit]\napi_keys = ["a-key-of-16-characters"]\n'
    )
    url = f"http://127.0.0.1:{port}"
    arguments = ("traffic", url, "--events", "100")
    async with service_process(configuration, url, log=tmp_path / "log"):
        status, output, errors = await _command(*arguments, EVENT_PROCESSOR_CONFIG=str(configuration))

    assert (0, "") == (status, errors), output
    assert "accepted" in output


async def test_traffic_without_its_feeds_is_told_what_it_needs() -> None:
    status, _, errors = await _command("traffic", "http://127.0.0.1:9", **examples.environment())
    told = " ".join(errors.replace("│", "").split())

    assert (2, True) == (status, "the feed bet is not enabled: traffic is sent to bet and deposit" in told)


async def test_a_feed_with_api_keys_is_signed_with_one() -> None:
    settings = examples.environment(
        FEEDS__BET__ENABLED="true",
        FEEDS__BET__API_KEYS="a-key-of-16-characters another-key-of-16",
        FEEDS__DEPOSIT__ENABLED="true",
        FEEDS__DEPOSIT__INSECURE="true",
    )

    assert (0, "authorization: Bearer a-key-of-16-characters\n", "") == await _command("sign", "bet", "{}", **settings)
    assert (0, "", "") == await _command("sign", "deposit", "{}", **settings)


async def test_a_wrong_configuration_stops_every_command_with_one_line_a_mistake() -> None:
    for command in ("serve", "dispatch", "migrate", "ledger", "check-config"):
        status, output, errors = await _command(command, EVENT_PROCESSOR_BRANDS="brand1")

        assert (2, "") == (status, output)
        assert "configuration: operator_id: is needed" in errors.splitlines()


async def test_an_unreachable_database_is_one_line(tmp_path: Path) -> None:
    settings = examples.environment(DATABASE_URL=f"postgresql://nobody@/nowhere?host={tmp_path}")
    for command in ("migrate", "ledger"):
        status, output, errors = await _command(command, **settings)

        assert (3, "", 1) == (status, output, len(errors.splitlines()))
        assert errors.startswith("database: ")
        assert tmp_path.name in errors


async def test_a_ledger_without_a_schema_says_what_to_do(empty_database_url: str) -> None:
    status, _, errors = await _command("ledger", **examples.environment(DATABASE_URL=empty_database_url))

    assert (3, 1) == (status, len(errors.splitlines()))
    assert "run event-processor migrate" in errors


async def test_a_port_in_use_is_one_line_and_nothing_is_started(database_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        settings = examples.environment(DATABASE_URL=database_url)
        status, output, errors = await _command("serve", "--port", port, **settings)

    assert (3, "", 1) == (status, output, len(errors.splitlines()))
    assert f"port: cannot listen on 127.0.0.1:{port}" in errors


@pytest.mark.parametrize("option", ["--port", "--service-port"])
async def test_the_sandbox_says_which_of_its_ports_is_taken(tmp_path: Path, option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = {"--port": "0", "--service-port": "0"} | {option: str(port)}
        options = [each for pair in ports.items() for each in pair]
        options += ["--folder", str(tmp_path / "run")]
        status, _, errors = await _command("sandbox", "--with-service", *options)

    said = f"sandbox: cannot listen on port {port}: Address already in use; {option} names another\n"
    assert (1, said) == (status, errors)


@pytest.mark.parametrize(("command", "workers"), [("serve", 1), ("serve", 2), ("dispatch", 1)])
async def test_where_it_listens_is_logged_though_it_took_a_free_port(
    database_url: str, command: str, workers: int
) -> None:
    settings = examples.environment(DATABASE_URL=database_url, LOGGING__FORMAT="json", SERVER__DRAIN="1ms")
    count = ("--workers", str(workers)) if command == "serve" else ()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", command, "--port", "0", *count), stderr=PIPE, env=os.environ | settings
    )
    assert process.stderr is not None
    started = list[dict[str, Any]]()
    with anyio.fail_after(examples.DEADLINE):
        while len(started) < workers:
            line = json.loads(await process.stderr.readline())
            started += [line] if line["event"] == "service.started" else []
    ((address,),) = {tuple(line["listens"]) for line in started}
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        live = await client.get("/health/live")
    process.terminate()
    await process.communicate()

    assert (200, "127.0.0.1") == (live.status_code, address.partition(":")[0])


def test_an_address_of_ipv6_is_told_as_a_url_has_it() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        assert [f"[::1]:{listener.getsockname()[1]}"] == told([listener])


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_of_two_services_that_start_on_one_port_one_says_that_it_is_taken(
    database_url: str, workers: str
) -> None:
    """Each binds before the other listens, if it does not listen at once."""
    settings = examples.environment(DATABASE_URL=database_url)
    port = str(free_port())
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "serve", "--port", port, "--workers", workers),
            stderr=PIPE,
            env=os.environ | settings,
        )
        for _ in range(2)
    ]
    ends = [asyncio.create_task(process.communicate()) for process in processes]
    with anyio.fail_after(examples.DEADLINE):
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    (loser,) = done
    for process in processes:
        if process.returncode is None:
            process.terminate()
            await _end(process)
    await asyncio.gather(*ends)

    assert b"port: cannot listen" in loser.result()[1]
    assert sorted(process.returncode or 0 for process in processes) == [-signal.SIGTERM, 3]


async def test_the_demo_leaves_alone_what_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")

    status, _, errors = await _command("demo", "--folder", str(tmp_path))

    assert (1, f"demo: {tmp_path} is not empty, and no folder of the sandbox\n") == (status, errors)
    assert (tmp_path / "thesis.txt").read_text() == "precious"


async def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with Setup(folder=tmp_path / "demo").own_folder():
        status, _, errors = await _command("demo", "--folder", str(tmp_path / "demo"))

    assert (1, 1) == (status, len(errors.splitlines()))
    assert "another one is running" in errors


async def test_the_sandbox_says_when_its_service_has_ended(tmp_path: Path) -> None:
    options = ("--with-service", "--port", "0", "--service-port", "0", "--folder", str(tmp_path / "run"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "sandbox", *options), stdout=PIPE, stderr=PIPE
    )
    await _until(process, b"Ctrl-C")
    (service,) = psutil.Process(process.pid).children()
    service.kill()
    with anyio.fail_after(examples.DEADLINE):
        _, errors = await process.communicate()

    assert not EmbeddedServer(tmp_path / "run").running  # the service, killed, could not stop it
    assert (1, True) == (process.returncode, errors.startswith(b"sandbox: the service ended by itself"))
