"""The hand-over: what is recorded is sent from the same process without being looked for, and lost by no accident."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.intervention import Signature
from app.domain.settlement import Settlement
from app.ledger.claim import Claim
from app.ledger.engine import LedgerUnavailableError, create_engine
from app.ledger.handover import Nobody, Reservation
from app.ledger.inbox import Inbox, Recorded
from app.ledger.outbox import Outbox
from app.ledger.pause import pause, resume
from app.ledger.recording import insert_new
from app.ledger.tables import contributions
from app.observability.logs import request_id
from tests import examples
from tests.examples import Running
from tests.integration.dispatching import CIRCUIT, PACE, Dispatching

ADA = Signature(actor="ada", reason="a test")
SELDOM = replace(PACE, poll_interval=timedelta(minutes=10))


async def _rows(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.execute(select(contributions).order_by(contributions.c.event_id)))


async def _become(engine: AsyncEngine, *expected: tuple[str, int]) -> None:
    """Wait until the contributions have these statuses and attempts."""

    async def look() -> bool:
        return list(expected) == [(row.status, row.attempt) for row in await _rows(engine)]

    await examples.eventually(look)


class _ClaimsNothing(Outbox):
    async def claim(self, limit: int, *, token: UUID, lease: timedelta) -> list[Claim]:  # noqa: ARG002 - as the real one
        return []


class _Hand(Nobody):
    """Holds out one reservation and takes nothing."""

    def __init__(self, reservation: Reservation) -> None:
        self._reservation = reservation

    def reserve(self, wanted: int) -> Reservation:  # noqa: ARG002 - more may be kept than is wanted
        return self._reservation


async def _authenticated(dispatcher: Any) -> None:
    async def look() -> bool:
        return bool(dispatcher.gateway_state() == "authenticated")

    await examples.eventually(look)


async def test_what_is_recorded_is_sent_without_being_claimed(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    async with dispatching(outbox=_ClaimsNothing(engine), pace=SELDOM) as dispatcher:
        await _authenticated(dispatcher)
        inbox = Inbox(engine, dispatcher)
        for number in range(3):
            await inbox.record(examples.entry(f"bet-{number}"))
        await _become(engine, *[("contributed", 1)] * 3)

    assert {1} == set(gateway.simulator.account.contributions().values())


async def test_a_duplicate_hands_nothing_over(engine: AsyncEngine, gateway: Running, dispatching: Dispatching) -> None:
    async with dispatching(outbox=_ClaimsNothing(engine), pace=SELDOM) as dispatcher:
        await _authenticated(dispatcher)
        inbox = Inbox(engine, dispatcher)
        for _ in range(3):
            await inbox.record(examples.entry())
        await _become(engine, ("contributed", 1))

    assert len(gateway.simulator.account.calls) == 1


async def test_what_there_is_no_room_for_waits_to_be_claimed(engine: AsyncEngine) -> None:
    entry = examples.entry(sources=("one", "two", "three"))
    await Inbox(engine, _Hand(Reservation(slots=2, token=uuid4(), lease=timedelta(minutes=1)))).record(entry)

    assert ["in_flight", "in_flight", "pending"] == sorted(row.status for row in await _rows(engine))
    (claim,) = await Outbox(engine).claim(10, token=uuid4(), lease=timedelta(minutes=1))
    assert claim.source_id == "three"


async def test_nothing_is_handed_over_while_forwarding_is_paused(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    await pause(engine, ADA)
    async with dispatching() as dispatcher:
        await _authenticated(dispatcher)
        await Inbox(engine, dispatcher).record(examples.entry())
        assert [("pending", 0)] == [(row.status, row.attempt) for row in await _rows(engine)]
        await resume(engine, ADA)
        await _become(engine, ("contributed", 1))

    assert len(gateway.simulator.account.calls) == 1


async def test_what_was_recorded_by_a_statement_whose_answer_was_lost_is_given_back_and_sent_once(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*arguments: Any) -> None:
        await insert_new(*arguments)
        raise OSError("the connection was lost")

    async with dispatching() as dispatcher:
        await _authenticated(dispatcher)
        monkeypatch.setattr("app.ledger.inbox.insert_new", lost)
        with pytest.raises(LedgerUnavailableError):
            await Inbox(engine, dispatcher).record(examples.entry())
        await _become(engine, ("contributed", 1))

    assert len(gateway.simulator.account.calls) == 1


async def test_what_is_recorded_after_it_was_given_up_is_given_back_all_the_same(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    """A statement that nobody waits for any more may commit late."""
    async with dispatching() as dispatcher:
        await _authenticated(dispatcher)
        reservation = dispatcher.reserve(1)
        dispatcher.forgo(reservation)
        assert isinstance(await Inbox(engine, _Hand(reservation)).record(examples.entry()), Recorded)
        await _become(engine, ("contributed", 1))

    assert len(gateway.simulator.account.calls) == 1


async def test_what_is_taken_when_its_lease_is_over_is_given_back_and_not_sent(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    """As after SIGSTOP and SIGCONT, between the commit and its answer."""
    async with dispatching(
        outbox=_ClaimsNothing(engine), pace=replace(PACE, lease=timedelta(microseconds=1))
    ) as dispatcher:
        await _authenticated(dispatcher)
        await Inbox(engine, dispatcher).record(examples.entry())
        await _become(engine, ("pending", 0))

    assert gateway.simulator.account.calls == []


async def test_what_is_recorded_while_it_stops_is_left_to_others(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    async with dispatching() as dispatcher:
        await _authenticated(dispatcher)
        dispatcher.stop()
        await Inbox(engine, dispatcher).record(examples.entry())

    assert [("pending", 0)] == [(row.status, row.attempt) for row in await _rows(engine)]
    assert gateway.simulator.account.calls == []


async def test_no_more_is_handed_over_than_there_are_slots(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    gateway.simulator.faults = gateway.simulator.faults.changed({"hang": 1.0})
    async with dispatching(circuit=replace(CIRCUIT, concurrency=4)) as dispatcher:
        await _authenticated(dispatcher)
        inbox = Inbox(engine, dispatcher)
        for number in range(10):
            await inbox.record(examples.entry(f"bet-{number}"))
        assert dispatcher.in_flight == 4
        assert ["in_flight"] * 4 + ["pending"] * 6 == [row.status for row in await _rows(engine)]
        gateway.simulator.faults = gateway.simulator.faults.changed({"hang": 0.0})


class _Stepped(Outbox):
    """An outbox that writes as many outcomes as it is let: until then their slots are taken."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.may_settle = asyncio.Semaphore(0)

    async def settle(self, claim: Claim, settlement: Settlement, **answer: Any) -> bool:
        await self.may_settle.acquire()
        return await super().settle(claim, settlement, **answer)


async def test_events_and_a_backlog_share_the_slots(
    engine: AsyncEngine, dispatching: Dispatching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded now does not wait for the end of a backlog, nor the backlog for the end of recording."""
    monkeypatch.setattr("app.dispatcher.calls.RECENT", 3600.0)
    for number in range(10):
        await Inbox(engine).record(examples.entry(f"old-{number}"))
    outbox = _Stepped(engine)
    async with dispatching(outbox=outbox, circuit=replace(CIRCUIT, concurrency=4)) as dispatcher:
        inbox = Inbox(engine, dispatcher)

        async def in_flight(old: int, new: int) -> None:
            async def look() -> bool:
                flying = [row.event_id[:3] for row in await _rows(engine) if row.status == "in_flight"]
                return [old, new, old + new] == [flying.count("old"), flying.count("new"), dispatcher.in_flight]

            await examples.eventually(look)

        await in_flight(old=4, new=0)  # as long as nothing is recorded, the backlog has all
        await inbox.record(examples.entry("new-0"))
        for _ in range(4):
            outbox.may_settle.release()
        await in_flight(old=2, new=0)  # the other half is kept for what is recorded
        for number in range(1, 4):
            await inbox.record(examples.entry(f"new-{number}"))
        await in_flight(old=2, new=2)
        for _ in range(20):
            outbox.may_settle.release()
        await _become(engine, *[("contributed", 1)] * 14)


async def test_a_backlog_that_has_more_than_its_half_when_an_event_comes_waits_and_goes_on(
    engine: AsyncEngine, dispatching: Dispatching
) -> None:
    asked = list[int]()

    class Asked(_Stepped):
        async def claim(self, limit: int, *, token: UUID, lease: timedelta) -> list[Claim]:
            asked.append(limit)
            return await super().claim(limit, token=token, lease=lease)

    for number in range(8):
        await Inbox(engine).record(examples.entry(f"old-{number}"))
    outbox = Asked(engine)
    async with dispatching(outbox=outbox, circuit=replace(CIRCUIT, concurrency=4)) as dispatcher:

        async def all_taken() -> bool:
            return dispatcher.in_flight == 4

        await examples.eventually(all_taken)
        with structlog.testing.capture_logs() as logs:
            await Inbox(engine, dispatcher).record(examples.entry("new"))
            for _ in range(20):
                outbox.may_settle.release()
            await _become(engine, *[("contributed", 1)] * 9)

    assert min(asked) > 0
    assert "dispatcher.pass_failed" not in {line["event"] for line in logs}


async def test_the_slots_of_a_claim_under_way_are_not_given_to_what_is_recorded(
    engine: AsyncEngine, dispatching: Dispatching
) -> None:
    claiming, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Outbox):
        async def claim(self, limit: int, *, token: UUID, lease: timedelta) -> list[Claim]:
            claims = await super().claim(limit, token=token, lease=lease)
            if claims:
                claiming.set()
                await go_on.wait()
            return claims

    for number in range(4):
        await Inbox(engine).record(examples.entry(f"old-{number}"))
    async with dispatching(circuit=replace(CIRCUIT, concurrency=4), outbox=Slow(engine)) as dispatcher:
        await claiming.wait()
        for number in range(4):
            await Inbox(engine, dispatcher).record(examples.entry(f"new-{number}"))
        assert ["pending"] * 4 + ["in_flight"] * 4 == [row.status for row in await _rows(engine)]
        go_on.set()
        await _become(engine, *[("contributed", 1)] * 8)


async def test_slots_kept_for_duplicates_are_given_to_the_backlog_at_once(
    engine: AsyncEngine, dispatching: Dispatching
) -> None:
    async with dispatching(circuit=replace(CIRCUIT, concurrency=1), pace=SELDOM) as dispatcher:
        await _authenticated(dispatcher)
        kept = dispatcher.reserve(1)
        await Inbox(engine, dispatcher).record(examples.entry())
        assert [("pending", 0)] == [(row.status, row.attempt) for row in await _rows(engine)]
        dispatcher.take(kept, [], left=0)
        await _become(engine, ("contributed", 1))


async def test_passes_that_fail_back_off_also_while_events_come_that_can_not_be_recorded(
    dispatching: Dispatching,
) -> None:
    away = _Away(create_engine("postgresql://nobody@127.0.0.1:1/nothing", pool_size=4, timeout=timedelta(seconds=5)))
    with structlog.testing.capture_logs() as logs:
        async with dispatching(outbox=away, pace=SELDOM) as dispatcher:
            await _authenticated(dispatcher)
            for number in range(30):
                with pytest.raises(LedgerUnavailableError):
                    await Inbox(away.engine, dispatcher).record(examples.entry(f"bet-{number}"))
            failed = [line["event"] for line in logs].count("dispatcher.pass_failed")
            away.is_back = True

    assert failed < 15


class _Away(Outbox):
    """An outbox whose database is not there; until it is to be believed that it is, and had nothing to give back."""

    is_back = False

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.engine = engine

    async def release(self, tokens: set[UUID]) -> set[UUID]:
        return set() if self.is_back else await super().release(tokens)


async def test_what_is_forgone_while_it_gives_back_at_last_is_given_back_too(
    engine: AsyncEngine, dispatching: Dispatching
) -> None:
    releasing, go_on = asyncio.Event(), asyncio.Event()
    released = set[UUID]()

    class Slow(Outbox):
        async def release(self, tokens: set[UUID]) -> set[UUID]:
            released.update(tokens)
            releasing.set()
            await go_on.wait()
            return await super().release(tokens)

    async with dispatching(pace=SELDOM, outbox=Slow(engine)) as dispatcher:
        await _authenticated(dispatcher)
        first, second = dispatcher.reserve(1), dispatcher.reserve(1)
        dispatcher.forgo(first)
        dispatcher.stop()
        await releasing.wait()
        dispatcher.forgo(second)
        go_on.set()

    assert {first.token, second.token} == released


async def test_a_call_is_not_logged_under_the_id_of_another_request(
    engine: AsyncEngine, dispatching: Dispatching
) -> None:
    logged = dict[str, str | None]()

    def note(_logger: Any, _level: str, fields: Any) -> Any:
        if fields["event"] == "dispatcher.contributed":
            logged[fields["event_id"]] = request_id.get()
        raise structlog.DropEvent

    structlog.configure(processors=[note])
    try:
        async with dispatching() as dispatcher:
            await _authenticated(dispatcher)
            inbox = Inbox(engine, dispatcher)

            async def request(name: str) -> None:
                request_id.set(name)
                await inbox.record(examples.entry(name))

            await asyncio.gather(*[asyncio.create_task(request(f"bet-{number}")) for number in range(8)])
            await _become(engine, *[("contributed", 1)] * 8)
    finally:
        structlog.reset_defaults()

    assert {None} == set(logged.values())
