"""Each row of what an outcome means, from the event to the player's money, over real sockets: nothing that may have
reached the Gateway is repeated unless it deduplicates, and nothing that surely did not reach it is given up on.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import structlog
import trustme
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.tables import contributions
from app.sandbox.faults import FAULTS, Faults
from app.sandbox.gateway import SandboxGateway
from app.sandbox.listener import listener
from app.settings import Settings
from tests import examples
from tests.acceptance.service import Service, running
from tests.examples import Running

NOT_TOLD = ("hang", "close", "reset", "cut_head", "slow_head", "garbage")
NOT_READ = ("unread_hang", "unread_close", "unread_reset")
TOLD_BADLY = ("cut_body", "slow_body", "too_short", "too_long", "flood", "answer_twice", "hang_up")

UNCERTAIN: list[dict[str, Any]] = [
    *({fault: 1.0} for fault in ("server_error", "redirect", *NOT_TOLD, *NOT_READ)),
    *({"status_rate": 1.0, "status": status} for status in (302, 304, 308, 500, 501, 502, 504, 505, 507, 520, 999)),
]
CONTRIBUTED: list[dict[str, Any]] = [
    *({fault: 1.0} for fault in TOLD_BADLY),
    *({"status_rate": 1.0, "status": status} for status in (200, 201, 202, 204)),
]
DECLINED = (400, 402, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422, 423, 424, 426, 428, 431, 451)
WAITING = (401, 408, 425, 429, 503)

both = pytest.mark.parametrize("deduplicates", [False, True])


def _named(faults: dict[str, Any]) -> str:
    return str(faults.get("status") or next(iter(faults)))


def _settings(database_url: str, url: str, **gateway: Any) -> Settings:
    account = {"username": examples.USERNAME, "password": examples.PASSWORD}
    return examples.settings(database_url=database_url, gateway_url=url, gateway={"url": url, **account, **gateway})


def _waits_for_ever(faults: dict[str, Any]) -> bool:
    return not faults.keys().isdisjoint({"hang", "slow_head", "unread_hang"})


def _patience(faults: dict[str, Any]) -> dict[str, str]:
    """Short only where no answer comes anyway, and shorter than usual where its end does not."""
    if _waits_for_ever(faults):
        return {"timeout": "900ms", "connect_timeout": "300ms"}
    if not faults.keys().isdisjoint({"slow_body", "too_short"}):
        return {"timeout": "3s", "connect_timeout": "1s"}
    return {}


async def _row(engine: AsyncEngine) -> Any:
    async with engine.connect() as connection:
        return (await connection.execute(select(contributions))).one()


async def _until(engine: AsyncEngine, condition: Callable[[Any], bool]) -> Any:
    """The contribution, as soon as it is as it should be."""

    async def look() -> bool:
        return condition(await _row(engine))

    await examples.eventually(look)
    return await _row(engine)


async def _contributed_once(engine: AsyncEngine, simulator: SandboxGateway) -> None:
    await _until(engine, lambda row: row.status == "contributed")
    assert simulator.account.contributions().total() == 1


@both
@pytest.mark.parametrize("faults", CONTRIBUTED, ids=_named)
async def test_what_was_accepted_is_contributed_however_badly_it_is_told(
    database_url: str, engine: AsyncEngine, gateway: Running, faults: dict[str, Any], *, deduplicates: bool
) -> None:
    gateway.simulator.faults = Faults(deduplicates=deduplicates, **faults)
    settings = _settings(database_url, gateway.url, deduplicates=deduplicates, **_patience(faults))
    async with running(settings) as service:
        await service.post("bet", examples.bet())
        row = await _until(engine, lambda row: row.status not in {"pending", "in_flight"})

    assert ("contributed", faults.get("status", 200), 1) == (row.status, row.gateway_status, row.attempt)
    assert len(gateway.simulator.account.calls) == gateway.simulator.account.contributions().total() == 1


@both
@pytest.mark.parametrize("status", DECLINED)
async def test_what_was_refused_for_good_is_declined_and_not_repeated(
    database_url: str, engine: AsyncEngine, gateway: Running, status: int, *, deduplicates: bool
) -> None:
    gateway.simulator.faults = Faults(deduplicates=deduplicates, status_rate=1.0, status=status)
    async with running(_settings(database_url, gateway.url, deduplicates=deduplicates)) as service:
        await service.post("bet", examples.bet())
        row = await _until(engine, lambda row: row.status not in {"pending", "in_flight"})

    assert ("declined", status, 1) == (row.status, row.gateway_status, row.attempt)
    assert len(gateway.simulator.account.calls) == 1


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize("faults", UNCERTAIN, ids=_named)
async def test_what_may_have_been_taken_is_unknown_and_not_repeated(
    database_url: str, engine: AsyncEngine, gateway: Running, faults: dict[str, Any], *, taken: bool
) -> None:
    gateway.simulator.faults = Faults(taken=taken, **faults)
    async with running(_settings(database_url, gateway.url, **_patience(faults))) as service:
        await service.post("bet", examples.bet())
        row = await _until(engine, lambda row: row.status not in {"pending", "in_flight"})

    read = faults.keys().isdisjoint(NOT_READ)
    assert ("unknown", 1) == (row.status, row.attempt)
    assert [read and taken] * read == [call.contributed for call in gateway.simulator.account.calls]


@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize("faults", UNCERTAIN, ids=_named)
async def test_what_may_have_been_taken_is_repeated_and_taken_once_where_the_gateway_deduplicates(
    database_url: str, engine: AsyncEngine, gateway: Running, faults: dict[str, Any], *, taken: bool
) -> None:
    gateway.simulator.faults = Faults(deduplicates=True, taken=taken, **faults)
    async with running(_settings(database_url, gateway.url, deduplicates=True, **_patience(faults))) as service:
        await service.post("bet", examples.bet())
        await _until(engine, lambda row: row.attempt >= 2)
        gateway.simulator.faults = Faults(deduplicates=True)
        await _contributed_once(engine, gateway.simulator)


@both
@pytest.mark.parametrize("status", WAITING)
async def test_what_was_surely_not_taken_is_repeated_until_it_is(
    database_url: str, engine: AsyncEngine, gateway: Running, status: int, *, deduplicates: bool
) -> None:
    gateway.simulator.faults = Faults(deduplicates=deduplicates, status_rate=1.0, status=status)
    async with running(_settings(database_url, gateway.url, deduplicates=deduplicates)) as service:
        await service.post("bet", examples.bet())
        await _until(engine, lambda row: row.status == "pending" and row.gateway_status == status)
        gateway.simulator.faults = Faults(deduplicates=deduplicates)
        await _contributed_once(engine, gateway.simulator)

    assert {str(status), "200"} == {call.answer for call in gateway.simulator.account.calls}


@both
async def test_what_was_forbidden_spends_no_attempt_and_is_contributed_once_it_is_allowed(
    database_url: str, engine: AsyncEngine, gateway: Running, *, deduplicates: bool
) -> None:
    gateway.simulator.faults = Faults(deduplicates=deduplicates, forbidden=1.0)
    async with running(_settings(database_url, gateway.url, deduplicates=deduplicates)) as service:
        await service.post("bet", examples.bet())
        await _until(engine, lambda row: row.status == "pending" and row.gateway_status == 403)
        gateway.simulator.faults = Faults(deduplicates=deduplicates)
        await _contributed_once(engine, gateway.simulator)

    assert (await _row(engine)).attempt == 1


AT_ONCE = (timedelta(), timedelta(minutes=5))


def _date(away: timedelta) -> str:
    return format_datetime(datetime.now(UTC) + away, usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("retry_after", "within"),
    [
        (1800, (timedelta(minutes=30), timedelta(minutes=35))),
        (10**30, (timedelta(hours=1), timedelta(minutes=65))),
        (_date(timedelta(days=1)), (timedelta(hours=1), timedelta(minutes=65))),
        (_date(timedelta(days=-1)), AT_ONCE),
        ("soon", AT_ONCE),
        ("-1", AT_ONCE),
        ("Fri, 99 Foo 2026 25:61:00 GMT", AT_ONCE),
    ],
    ids=["seconds", "too many", "date", "past", "nonsense", "negative", "no date"],
)
async def test_a_wait_that_is_asked_for_is_kept_within_bounds_and_nonsense_is_none(
    database_url: str,
    engine: AsyncEngine,
    gateway: Running,
    *,
    status: int,
    retry_after: int | str,
    within: tuple[timedelta, timedelta],
) -> None:
    gateway.simulator.faults = Faults(status_rate=1.0, status=status, retry_after=retry_after)
    async with running(_settings(database_url, gateway.url)) as service:
        await service.post("bet", examples.bet())
        row = await _until(engine, lambda row: row.status == "pending" and row.gateway_status == status)

    least, most = within
    assert least <= row.next_attempt_at - row.recorded_at <= most


@pytest.mark.parametrize(
    "fault", ["authentication_down", "authentication_hangs", "authentication_garbled", "authentication_refused"]
)
async def test_without_a_token_nothing_is_sent_and_all_of_it_once_there_is_one(
    database_url: str, engine: AsyncEngine, gateway: Running, fault: str
) -> None:
    gateway.simulator.faults = Faults().changed({fault: True})
    settings = _settings(database_url, gateway.url, timeout="300ms", connect_timeout="100ms", deduplicates=True)
    with structlog.testing.capture_logs() as logs:
        async with running(settings) as service:
            await service.post("bet", examples.bet())

            async def refused() -> bool:
                return any(line["event"] == "gateway.authentication_failed" for line in logs)

            await examples.eventually(refused)
            row = await _row(engine)
            assert ("pending", 0) == (row.status, row.attempt)
            assert gateway.simulator.account.calls == []
            gateway.simulator.faults = Faults(deduplicates=True)
            await _contributed_once(engine, gateway.simulator)


Outage = Callable[[SandboxGateway, int, trustme.CA], AbstractAsyncContextManager[Any]]


async def _silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _hanging_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Whatever is said, the connection is closed."""


def _tls(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


OUTAGES: dict[str, Outage] = {
    "refused": lambda _gateway, _port, _authority: nullcontext(),
    "silent": lambda _gateway, port, _authority: listener(_silent, port=port),
    "hanging up": lambda _gateway, port, _authority: listener(_hanging_up, port=port),
    "no TLS": lambda gateway, port, _authority: gateway.serving(port=port),
    "untrusted": lambda gateway, port, _authority: gateway.serving(port=port, tls=_tls(trustme.CA())),
    "wrong name": lambda gateway, port, authority: gateway.serving(port=port, tls=_tls(authority, "elsewhere.example")),
}


@both
@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
async def test_what_surely_did_not_arrive_waits_and_is_contributed_when_the_gateway_is_back(
    database_url: str, engine: AsyncEngine, tmp_path: Path, outage: Outage, *, deduplicates: bool
) -> None:
    authority, ca_file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    gateway = SandboxGateway(username=examples.USERNAME, password=examples.PASSWORD, random=Random(1))
    async with AsyncExitStack() as before:
        url = await before.enter_async_context(gateway.serving(tls=_tls(authority)))
        port = int(url.rpartition(":")[2])
        settings = _settings(
            database_url, url, deduplicates=deduplicates, ca_file=ca_file, timeout="6s", connect_timeout="2s"
        )
        async with running(settings) as service:
            await _authenticated(service)
            await before.aclose()
            async with outage(gateway, port, authority):
                await service.post("bet", examples.bet())
                row = await _until(engine, lambda row: row.status == "pending" and row.gateway_response is not None)
            assert "Connect" in row.gateway_response
            assert gateway.account.calls == []
            async with gateway.serving(port=port, tls=_tls(authority)):
                await _contributed_once(engine, gateway)

    assert len(gateway.account.calls) == 1


async def _authenticated(service: Service) -> None:
    async def look() -> bool:
        _, parts = await service.ready()
        return "unauthenticated" not in str(parts)

    await examples.eventually(look)


async def test_a_gateway_that_went_away_and_came_back_was_only_away(database_url: str, engine: AsyncEngine) -> None:
    """Connections kept from before are dead, and tokens are still good: no outcome is unknown for that."""
    gateway = SandboxGateway(username=examples.USERNAME, password=examples.PASSWORD, random=Random(1))
    async with AsyncExitStack() as before:
        url = await before.enter_async_context(gateway.serving())
        async with running(_settings(database_url, url)) as service:
            await service.post("bet", examples.bet())
            await _contributed_once(engine, gateway)
            await before.aclose()
            async with gateway.serving(port=int(url.rpartition(":")[2])):
                for number in range(20):
                    await service.post("bet", examples.bet(event_id=f"later-{number}"))

                await _all_settled(engine, 21)

    assert {"contributed"} == set((await _statuses(engine)).values())
    assert {1} == set(gateway.account.contributions().values())
    assert gateway.account.contributions().total() == 21


@pytest.mark.parametrize("fault", ["too_long", "answer_twice"])
async def test_what_comes_behind_an_answer_decides_nothing_about_the_next_contribution(
    database_url: str, engine: AsyncEngine, gateway: Running, fault: str
) -> None:
    """Its connection is the only one: taken for an answer, it would make what was refused contributed."""
    gateway.simulator.faults = Faults().changed({fault: 1.0})
    async with running(_settings(database_url, gateway.url, connections=1)) as service:
        await service.post("bet", examples.bet())
        await _contributed_once(engine, gateway.simulator)
        gateway.simulator.faults = Faults(declined=1.0)
        await service.post("bet", examples.bet(event_id="next"))
        await _all_settled(engine, 2)

    assert {"bet-1": "contributed", "next": "declined"} == await _statuses(engine)


@both
async def test_among_all_faults_at_once_the_ledger_never_says_what_is_not_so_and_nothing_is_taken_twice(
    database_url: str, engine: AsyncEngine, gateway: Running, *, deduplicates: bool
) -> None:
    rates = dict.fromkeys(FAULTS, 0.03)
    if deduplicates:
        rates["declined"] = 0.0  # a Gateway that knows a key again does not refuse for good what it took before
    gateway.simulator.faults = Faults(deduplicates=deduplicates).changed(rates)
    settings = _settings(database_url, gateway.url, deduplicates=deduplicates, timeout="300ms", connect_timeout="100ms")
    async with running(settings) as service:
        for number in range(200):
            await service.post("bet", examples.bet(event_id=f"bet-{number}"))
        await _all_settled(engine, 200)

    statuses = await _statuses(engine)
    taken = {event_id: times for (_, _, event_id, _), times in gateway.simulator.account.contributions().items()}
    assert {1} == set(taken.values())
    assert {"contributed"} == {statuses[event_id] for event_id in taken} - {"unknown"}
    assert taken.keys() >= {event_id for event_id, status in statuses.items() if status == "contributed"}
    assert deduplicates is ("unknown" not in statuses.values())


async def _statuses(engine: AsyncEngine) -> dict[str, str]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(contributions.c.event_id, contributions.c.status))
        return {row.event_id: row.status for row in rows}


async def _all_settled(engine: AsyncEngine, count: int) -> None:
    async def look() -> bool:
        statuses = list((await _statuses(engine)).values())
        return len(statuses) == count and not {"pending", "in_flight"} & set(statuses)

    await examples.eventually(look)
