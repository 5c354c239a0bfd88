"""`event-processor ledger` and `ledger verify`, as a person or a script runs them."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.settlement import Status
from app.ledger.retention import Keep, Retention
from app.ledger.tables import contributions
from tests import examples
from tests.acceptance.service import running
from tests.examples import Running
from tests.integration.populated import DAY, populate


async def ledger(database_url: str, *arguments: str, stdin: int | None = None) -> tuple[int, list[str], str]:
    """The exit status, the lines of standard output, and standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "ledger", *arguments),
        stdin=stdin,
        stdout=PIPE,
        stderr=PIPE,
        env=os.environ | examples.environment(DATABASE_URL=database_url),
    )
    with anyio.fail_after(2 * examples.DEADLINE):
        output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode().splitlines(), errors.decode()


async def ids(engine: AsyncEngine) -> list[UUID]:
    async with engine.connect() as connection:
        return list(await connection.scalars(select(contributions.c.id).order_by(contributions.c.id)))


async def execute(engine: AsyncEngine, statement: str) -> None:
    async with engine.connect() as connection:
        await connection.execute(text(statement))


def csv(path: Path, named: list[UUID]) -> str:
    path.write_text("idempotency_key\n" + "".join(f"{each}\n" for each in named), encoding="utf-8")
    return str(path)


async def test_what_was_pruned_is_counted_and_balances(engine: AsyncEngine, database_url: str) -> None:
    await populate(engine, "old", count=1500, received=91 * DAY)
    await populate(engine, "young", count=1500, received=31 * DAY)
    async for _ in Retention(engine, Keep(contributions=30 * DAY, events=90 * DAY)).sweep():
        pass
    status, lines, _ = await ledger(database_url, "--json")
    counted = json.loads("\n".join(lines))

    by_status = {"contributed": 3000, "declined": 0, "discarded": 0}
    assert (0, True, 1500, 0) == (status, counted["balances"], counted["missing"], counted["unexplained"])
    assert {"accepted": 1500, "ignored": 0, "owed": 1500, "by_status": by_status} == counted["pruned"]


async def test_a_ledger_that_is_wrong_is_told_by_name_and_status(engine: AsyncEngine, database_url: str) -> None:
    await populate(engine, "bet", count=1000)
    lost, *_ = await ids(engine)
    await execute(engine, f"delete from contributions where id = '{lost}'")  # noqa: S608 - our own value

    status, lines, _ = await ledger(database_url, "verify")
    assert (1, f"owed and missing: {lost} bet brand1 bet-1") == (status, lines[0])
    status, lines, _ = await ledger(database_url)
    assert (1, True) == (status, any(line.split()[-2:] == ["NO", "│"] for line in lines))


async def test_the_sandboxs_account_is_compared_by_its_url_and_by_a_file(
    database_url: str, gateway: Running, tmp_path: Path
) -> None:
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url)) as service:
        for number in range(20):
            await service.post("bet", examples.bet(event_id=f"bet-{number}"))

        async def contributed() -> bool:
            return await service.metric("contributions_settled_total", status="contributed") == 20

        await examples.eventually(contributed)

    status, lines, errors = await ledger(
        database_url, "verify", "--json", "--against", f"{gateway.url}/sandbox/account/calls"
    )
    assert (0, "", 20) == (status, errors, json.loads(lines[-1])["summary"]["agreed"])

    calls = gateway.simulator.account.details()
    file = tmp_path / "calls.json"
    file.write_text(json.dumps([*calls[1:], calls[1]]), encoding="utf-8")
    status, lines, _ = await ledger(database_url, "verify", "--json", "--against", str(file))
    found = {line["problem"]: line["contribution_id"] for line in map(json.loads, lines[:-1])}
    expected = {"not_at_gateway": calls[0]["idempotency_key"], "at_gateway_twice": calls[1]["idempotency_key"]}
    assert (1, expected) == (status, found)


async def test_an_account_with_other_amounts_is_wrong_by_each_of_them(
    database_url: str, gateway: Running, tmp_path: Path
) -> None:
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url)) as service:
        await service.post("bet", examples.bet(amount="2.50"))

        async def contributed() -> bool:
            return await service.metric("contributions_settled_total", status="contributed") == 1

        await examples.eventually(contributed)
    (call,) = gateway.simulator.account.details()
    file = tmp_path / "calls.json"
    file.write_text(json.dumps([call | {"base_wager": 999.99}]), encoding="utf-8")
    status, lines, _ = await ledger(database_url, "verify", "--against", str(file))

    contribution = f"{call['idempotency_key']} bet brand1 bet-1 book-of-examples (line 1)"
    assert (1, f"at the Gateway with 999.99 instead of 2.50: {contribution}") == (status, lines[0])
    assert ["amounts", "compared", "yes"] in [line.replace("│", "").split() for line in lines]


async def test_what_a_person_has_to_resolve_is_told_and_is_no_offence(
    engine: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    await populate(engine, "bet", status=Status.UNKNOWN, count=2)
    taken, not_taken = await ids(engine)
    export = csv(tmp_path / "export.csv", [taken])
    status, lines, _ = await ledger(database_url, "verify", "--against", export)

    assert (
        0,
        [
            f"unknown, and at the Gateway: {taken} bet brand1 bet-1 book-of-examples (line 2)",
            f"unknown, and not at the Gateway: {not_taken} bet brand1 bet-2 book-of-examples",
        ],
    ) == (status, lines[:2])


async def test_a_period_is_compared_alone(engine: AsyncEngine, database_url: str, tmp_path: Path) -> None:
    await populate(engine, "bet", count=1000, received=10 * DAY)
    export = csv(tmp_path / "export.csv", [])

    assert 1 == (await ledger(database_url, "verify", "--against", export))[0]
    assert 0 == (await ledger(database_url, "verify", "--against", export, "--since", "2999-01-01"))[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"idempotency_key\nbet-1\n", "line 2, column idempotency_key: not the id of a contribution, a UUID"),
        (b"[1, ", "not JSON, though it begins like it"),
        (b"\xff\xfe\n", "UTF-8"),
        (None, "can't be read: No such file or directory"),
    ],
)
async def test_an_export_that_cannot_be_read_is_one_line(
    database_url: str, tmp_path: Path, content: bytes | None, says: str
) -> None:
    path = tmp_path / "export.csv"
    if content is not None:
        path.write_bytes(content)
    status, lines, errors = await ledger(database_url, "verify", "--against", str(path))

    assert (2, [], 1) == (status, lines, errors.count("\n"))
    assert errors.startswith(f"{path}: ")
    assert says in errors


@contextmanager
def piped(content: str) -> Iterator[int]:
    """A pipe that the content comes out of, once."""
    reading, writing = os.pipe()
    os.write(writing, content.encode())
    os.close(writing)
    try:
        yield reading
    finally:
        os.close(reading)


@pytest.mark.parametrize("source", ["-", "/dev/stdin"])
@pytest.mark.parametrize("form", ["csv", "json"])
async def test_an_account_may_come_out_of_a_pipe(
    engine: AsyncEngine, database_url: str, source: str, form: str
) -> None:
    await populate(engine, "bet")
    (only,) = await ids(engine)
    content = f"idempotency_key\n{only}\n" if form == "csv" else json.dumps([{"idempotency_key": str(only)}])
    with piped(content) as pipe:
        status, lines, errors = await ledger(database_url, "verify", "--json", "--against", source, stdin=pipe)

    assert (0, "", 1) == (status, errors, json.loads(lines[-1])["summary"]["agreed"])


async def test_a_mistake_in_what_comes_out_of_a_pipe_is_one_line(database_url: str) -> None:
    with piped("") as pipe:
        status, _, errors = await ledger(database_url, "verify", "--against", "-", stdin=pipe)

    assert (2, 1) == (status, errors.count("\n"))
    assert errors.startswith("standard input: line 1: the header has neither")


async def test_an_account_that_cannot_be_fetched_is_one_line(database_url: str, gateway: Running) -> None:
    for url in ("http://127.0.0.1:9/", f"{gateway.url}/nowhere"):
        status, _, errors = await ledger(database_url, "verify", "--against", url)

        assert (2, 1) == (status, errors.count("\n"))
        assert f"{url}: can't be fetched: " in errors


@pytest.mark.parametrize("wrong", [("--since", "2026-01-01"), ("--against", "a.csv", "--until", "soon")])
async def test_a_period_that_means_nothing_is_refused(database_url: str, wrong: Any) -> None:
    assert 2 == (await ledger(database_url, "verify", *wrong))[0]


async def test_a_database_that_cannot_be_read_is_neither_right_nor_wrong() -> None:
    status, _, errors = await ledger("postgresql://nobody@127.0.0.1:9/nowhere", "verify")

    assert (3, 1) == (status, errors.count("\n"))
    assert errors.startswith("database: ")
