"""The dispatcher on a real ledger and against a Gateway over real HTTP: every outcome, and no end by accident."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import structlog
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.dispatcher.dispatcher import Dispatcher
from app.domain.settlement import Settlement
from app.ledger.claim import Claim
from app.ledger.engine import LedgerUnavailableError
from app.ledger.inbox import Inbox
from app.ledger.outbox import Outbox
from app.ledger.tables import contributions
from tests import examples
from tests.examples import Running
from tests.integration.dispatching import CIRCUIT, LIMITS, PACE, POLICY, Dispatching


async def _owe(engine: AsyncEngine, count: int = 1) -> None:
    for number in range(count):
        await Inbox(engine).record(examples.entry(f"bet-{number}"))


async def _rows(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.execute(select(contributions).order_by(contributions.c.event_id)))


async def _all(engine: AsyncEngine, *statuses: str) -> None:
    async def look() -> bool:
        return {row.status for row in await _rows(engine)} <= set(statuses)

    await examples.eventually(look)


def _break(gateway: Running, **faults: Any) -> None:
    gateway.simulator.faults = gateway.simulator.faults.changed(faults)


async def test_everything_owed_is_contributed_once(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    await _owe(engine, 50)
    async with dispatching():
        await _all(engine, "contributed")

    assert {1} == set(gateway.simulator.account.contributions().values())
    assert gateway.simulator.account.contributions().total() == 50


async def test_two_dispatchers_share_the_work(engine: AsyncEngine, gateway: Running, dispatching: Dispatching) -> None:
    await _owe(engine, 50)
    async with dispatching(), dispatching():
        await _all(engine, "contributed")

    assert gateway.simulator.account.twice() == []


async def test_what_is_recorded_while_it_waits_is_dispatched_when_it_is_woken(
    engine: AsyncEngine, dispatching: Dispatching
) -> None:
    async with dispatching(pace=replace(PACE, poll_interval=timedelta(minutes=10))) as dispatcher:
        await _owe(engine)
        dispatcher.wake()

        async def look() -> bool:
            dispatcher.wake()  # the first wake may come before there is a token
            return [row.status for row in await _rows(engine)] == ["contributed"]

        await examples.eventually(look)


@pytest.mark.parametrize(
    ("fault", "status", "gateway_status"),
    [
        ("declined", "declined", 422),
        ("server_error", "unknown", 500),
        ("reset", "unknown", None),
        ("hang", "unknown", None),
    ],
)
async def test_what_the_gateway_answers_decides(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching, fault: str, status: str, gateway_status: int | None
) -> None:
    _break(gateway, **{fault: 1.0})
    await _owe(engine)
    async with dispatching(limits=replace(LIMITS, timeout=timedelta(milliseconds=300))):
        await _all(engine, status)

    (row,) = await _rows(engine)
    assert (gateway_status, 1) == (row.gateway_status, row.attempt)
    assert len(gateway.simulator.account.calls) == 1


@pytest.mark.parametrize("fault", ["rate_limited", "unavailable"])
async def test_what_surely_did_not_arrive_is_tried_until_it_does(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching, fault: str
) -> None:
    _break(gateway, **{fault: 0.7})
    await _owe(engine, 10)
    async with dispatching():
        await _all(engine, "contributed")

    assert gateway.simulator.account.contributions().total() == 10
    assert gateway.simulator.account.twice() == []


async def test_an_ambiguous_outcome_is_repeated_where_the_gateway_deduplicates(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    _break(gateway, reset=0.5, server_error=0.2, deduplicates=True)
    await _owe(engine, 10)
    async with dispatching(policy=replace(POLICY, deduplicates=True)):
        await _all(engine, "contributed")

    assert gateway.simulator.account.contributions().total() == 10


async def test_a_refusal_of_a_repetition_leaves_in_doubt_what_an_earlier_call_may_have_made(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    """A Gateway may answer 409 to what it has already; or decline today what it took yesterday."""
    _break(gateway, server_error=1.0, deduplicates=True)
    await _owe(engine)
    async with dispatching(policy=replace(POLICY, deduplicates=True)):

        async def taken() -> bool:
            return gateway.simulator.account.contributions().total() == 1

        await examples.eventually(taken)
        _break(gateway, server_error=0.0, declined=1.0)
        await _all(engine, "unknown")

    assert [(422, True)] == [(row.gateway_status, row.doubtful) for row in await _rows(engine)]


async def test_what_may_have_been_made_is_not_repeated_when_the_gateway_does_not_deduplicate_any_more(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    await _owe(engine)
    async with engine.connect() as connection:
        await connection.execute(text("update contributions set attempt = 1, doubtful = true"))
    async with dispatching():
        await _all(engine, "unknown")

    assert [1] == [row.attempt for row in await _rows(engine)]
    assert gateway.simulator.account.calls == []


async def test_retry_after_is_honoured(engine: AsyncEngine, gateway: Running, dispatching: Dispatching) -> None:
    _break(gateway, rate_limited=1.0, retry_after=3600)
    await _owe(engine)
    async with dispatching(policy=replace(POLICY, retry_after_limit=timedelta(hours=2))):

        async def look() -> bool:
            (row,) = await _rows(engine)
            return bool(row.status == "pending" and row.gateway_status == 429)

        await examples.eventually(look)

    (row,) = await _rows(engine)
    assert row.next_attempt_at - row.recorded_at >= timedelta(hours=1)


async def test_what_can_not_be_delivered_in_time_expires(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    _break(gateway, unavailable=1.0)
    await _owe(engine)
    async with dispatching(policy=replace(POLICY, give_up_after=timedelta())):
        await _all(engine, "expired")


async def test_a_revoked_token_spends_no_attempt(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    async with dispatching():
        await _owe(engine)
        await _all(engine, "contributed")
        gateway.simulator.revoke_tokens()
        await Inbox(engine).record(examples.entry("bet-later"))
        await _all(engine, "contributed")

    assert [row.attempt for row in await _rows(engine)] == [1, 1]


async def test_a_missing_permission_holds_everything_and_spends_no_attempt(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    _break(gateway, forbidden=1.0)
    await _owe(engine, 20)
    async with dispatching(circuit=replace(CIRCUIT, hold=timedelta(hours=1))) as dispatcher:

        async def held() -> bool:
            return dispatcher.state == "held" and dispatcher.in_flight == 0

        await examples.eventually(held)

    assert {("pending", 0)} == {(row.status, row.attempt) for row in await _rows(engine)}
    assert len(gateway.simulator.account.calls) <= CIRCUIT.concurrency


async def test_a_permission_that_is_given_back_is_noticed_by_a_probe(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    _break(gateway, forbidden=1.0)
    await _owe(engine, 20)
    async with dispatching() as dispatcher:

        async def held() -> bool:
            return dispatcher.state == "held"

        await examples.eventually(held)
        _break(gateway, forbidden=0.0)
        await _all(engine, "contributed")

        assert dispatcher.state == "ok"


async def test_a_gateway_without_a_token_for_us_leaves_everything_pending(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    """Convoy fails a delivery for good when the upstream's token can't be fetched."""
    _break(gateway, authentication_down=True)
    await _owe(engine)
    async with dispatching() as dispatcher:
        assert dispatcher.gateway_state() == "unauthenticated"
        _break(gateway, authentication_down=False)
        await _all(engine, "contributed")

    assert [row.attempt for row in await _rows(engine)] == [1]


async def test_what_a_dead_dispatcher_left_is_unknown_and_not_sent_again(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    await _owe(engine)
    token, ended = uuid4(), timedelta(seconds=-1)
    claims = await Outbox(engine).claim(1, token=token, lease=ended)
    await Outbox(engine).begin(claims, lease=ended)
    async with dispatching(pace=replace(PACE, lease=timedelta(seconds=1))):
        await _all(engine, "unknown")

    assert gateway.simulator.account.calls == []


class _Held(Outbox):
    """An outbox that writes no outcome until it is let go: every call is over, and none is settled."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.go = asyncio.Event()
        self.tries = self.renewals = 0

    async def settle(self, claim: Claim, settlement: Settlement, **answer: Any) -> bool:
        self.tries += 1
        await self.go.wait()
        return await super().settle(claim, settlement, **answer)

    async def renew(self, tokens: Mapping[UUID, UUID], *, lease: timedelta) -> set[UUID]:
        self.renewals += 1
        return await super().renew(tokens, lease=lease)

    async def reached(self, tries: int) -> None:
        """Wait until so many settlements were tried."""

        async def look() -> bool:
            return self.tries >= tries

        await examples.eventually(look)


async def test_running_calls_are_finished_and_settled_before_it_stops(
    engine: AsyncEngine, dispatching: Dispatching
) -> None:
    await _owe(engine, 5)
    outbox = _Held(engine)
    async with dispatching(outbox=outbox) as dispatcher:
        await outbox.reached(5)
        dispatcher.stop()
        outbox.go.set()

    assert {"contributed"} == {row.status for row in await _rows(engine)}


async def test_a_failed_pass_is_counted_and_the_next_one_comes(engine: AsyncEngine, dispatching: Dispatching) -> None:
    """A worker that has died while the service answers 202 is a published failure of others (Svix #1511)."""
    async with engine.connect() as connection:
        await connection.execute(text("alter table contributions rename to mislaid"))
    async with dispatching() as dispatcher:

        async def failing() -> bool:
            return dispatcher.state == "failing"

        await examples.eventually(failing)
        async with engine.connect() as connection:
            await connection.execute(text("alter table mislaid rename to contributions"))
        await _owe(engine)
        await _all(engine, "contributed")

        assert dispatcher.state == "ok"


async def test_an_outcome_is_kept_until_the_database_takes_it(
    engine: AsyncEngine, other_engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    """Completions that fail to be written, and then are sent again, are a published failure of others (River #995)."""
    await _owe(engine)
    outbox = _Held(engine)
    async with dispatching(outbox=outbox), other_engine.connect() as connection:
        await outbox.reached(1)
        await connection.execute(text("alter table contributions rename to mislaid"))
        outbox.go.set()
        await outbox.reached(3)
        await connection.execute(text("alter table mislaid rename to contributions"))
        await _all(engine, "contributed")

    assert len(gateway.simulator.account.calls) == 1


async def test_without_progress_it_counts_as_stalled(dispatching: Dispatching) -> None:
    async with dispatching(pace=replace(PACE, stalled_after=timedelta(seconds=-1))) as dispatcher:
        assert dispatcher.state == "stalled"


async def test_an_outcome_that_comes_after_the_lease_passed_on_is_not_written(
    engine: AsyncEngine, dispatching: Dispatching
) -> None:
    await _owe(engine)
    outbox = _Held(engine)
    async with dispatching(outbox=outbox) as dispatcher:
        await outbox.reached(1)
        async with engine.connect() as connection:
            await connection.execute(text("update contributions set lease_token = gen_random_uuid()"))
        outbox.go.set()

        async def given_up() -> bool:
            return dispatcher.in_flight == 0

        await examples.eventually(given_up)

    assert ["in_flight"] == [row.status for row in await _rows(engine)]


async def test_what_is_claimed_while_it_stops_is_given_back_unsent(
    engine: AsyncEngine, other_engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    async with dispatching() as dispatcher, other_engine.connect() as blocker:
        await blocker.execution_options(isolation_level="READ COMMITTED")
        async with blocker.begin():
            await blocker.execute(text("lock table contributions in exclusive mode"))

            async def claiming() -> bool:
                async with engine.connect() as connection:
                    waiting = (
                        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'SKIP LOCKED'"
                    )
                    return bool(await connection.scalar(text(waiting)))

            await examples.eventually(claiming)
            await blocker.execute(
                contributions.insert().values(
                    id=uuid4(), feed="bet", brand_id="b", event_id="1", source_id="s", body="{}"
                )
            )
            dispatcher.stop()

    assert [("pending", 0)] == [(row.status, row.attempt) for row in await _rows(engine)]
    assert dispatcher.state == "stopped"
    assert gateway.simulator.account.calls == []


class _LosesAnswers(Outbox):
    """An outbox whose statements take effect and whose answers are then lost, once for each of `losing`."""

    def __init__(self, engine: AsyncEngine, *losing: str) -> None:
        super().__init__(engine)
        self.losing = list(losing)

    def _lose(self, name: str) -> None:
        if name in self.losing:
            self.losing.remove(name)
            raise LedgerUnavailableError("the connection was lost")

    async def claim(self, limit: int, *, token: UUID, lease: timedelta) -> list[Claim]:
        claims = await super().claim(limit, token=token, lease=lease)
        if claims:
            self._lose("claim")
        return claims

    async def settle(self, claim: Claim, settlement: Settlement, **answer: Any) -> bool:
        written = await super().settle(claim, settlement, **answer)
        self._lose("settle")
        return written

    async def release(self, tokens: set[UUID]) -> set[UUID]:
        self._lose("release")
        return await super().release(tokens)


async def test_what_was_leased_by_a_claim_whose_answer_was_lost_is_given_back_and_sent(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    await _owe(engine, 5)
    async with dispatching(outbox=_LosesAnswers(engine, "claim", "release")):
        await _all(engine, "contributed")

    assert {1} == {row.attempt for row in await _rows(engine)}
    assert {1} == set(gateway.simulator.account.contributions().values())


async def test_what_a_dispatcher_slept_over_is_given_back_and_not_sent(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    """As after SIGSTOP and SIGCONT: when it has marked what it claimed as being sent, its lease is over already."""

    class Counting(Outbox):
        released = 0

        async def release(self, tokens: set[UUID]) -> set[UUID]:
            released = await super().release(tokens)
            self.released += len(released)
            return released

    await _owe(engine, 5)
    outbox = Counting(engine)
    async with dispatching(outbox=outbox, pace=replace(PACE, lease=timedelta(microseconds=1))):

        async def given_back() -> bool:
            return outbox.released > 5

        await examples.eventually(given_back)

    assert {("pending", 0)} == {(row.status, row.attempt) for row in await _rows(engine)}
    assert gateway.simulator.account.calls == []


async def test_what_is_claimed_while_the_circuit_opens_is_given_back_unsent(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    class Overtaken(_Held):
        dispatcher: Dispatcher

        async def begin(self, claims: Sequence[Claim], *, lease: timedelta) -> set[UUID]:
            ours = await super().begin(claims, lease=lease)

            async def held() -> bool:
                return self.dispatcher.state == "held"

            if self.dispatcher.in_flight:
                self.go.set()
                await examples.eventually(held)
            return ours

    _break(gateway, forbidden=1.0)
    await _owe(engine)
    outbox = Overtaken(engine)
    async with dispatching(outbox=outbox, circuit=replace(CIRCUIT, hold=timedelta(hours=1))) as dispatcher:
        outbox.dispatcher = dispatcher
        await outbox.reached(1)
        await Inbox(engine).record(examples.entry("bet-1"))
        await _all(engine, "pending")

    assert {("pending", 0)} == {(row.status, row.attempt) for row in await _rows(engine)}
    assert len(gateway.simulator.account.calls) == 1


async def test_what_another_took_over_before_it_was_begun_is_not_sent(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    class Robbed(Outbox):
        async def begin(self, claims: Sequence[Claim], *, lease: timedelta) -> set[UUID]:
            async with engine.connect() as connection:
                await connection.execute(
                    text("update contributions set lease_token = gen_random_uuid() where event_id = 'bet-1'")
                )
            return await super().begin(claims, lease=lease)

    await _owe(engine, 3)
    async with dispatching(outbox=Robbed(engine)):
        await _all(engine, "contributed", "in_flight")

        async def two() -> bool:
            return gateway.simulator.account.contributions().total() == 2

        await examples.eventually(two)

    assert ["contributed", "in_flight", "contributed"] == [row.status for row in await _rows(engine)]
    assert "bet-1" not in {call.event_id for call in gateway.simulator.account.calls}


async def test_a_dispatcher_that_could_not_renew_takes_over_nothing_of_its_own(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a stop of the whole process beyond its leases: the answers to its calls are there to be settled."""
    monkeypatch.setattr("app.dispatcher.dispatcher.RECOVER_EVERY", 0)

    class Cut(_Held):
        cut = True

        async def renew(self, tokens: Mapping[UUID, UUID], *, lease: timedelta) -> set[UUID]:
            if self.cut:
                self.renewals += 1
                raise LedgerUnavailableError("the connection was lost")
            return await super().renew(tokens, lease=lease)

    await _owe(engine, 3)
    outbox = Cut(engine)
    async with dispatching(outbox=outbox, pace=replace(PACE, lease=timedelta(seconds=1))):
        await outbox.reached(3)
        async with engine.connect() as connection:
            await connection.execute(text("update contributions set leased_until = now() - interval '1 second'"))
        renewals = outbox.renewals

        async def tried() -> bool:
            return outbox.renewals > renewals + 60

        await examples.eventually(tried)
        outbox.cut = False
        outbox.go.set()
        await _all(engine, "contributed")

    assert len(gateway.simulator.account.calls) == 3


async def test_leases_are_renewed_for_as_long_as_a_call_takes(engine: AsyncEngine, dispatching: Dispatching) -> None:
    await _owe(engine, 3)
    outbox = _Held(engine)
    async with dispatching(outbox=outbox, pace=replace(PACE, lease=timedelta(seconds=1))):
        await outbox.reached(3)
        before, renewals = {row.leased_until for row in await _rows(engine)}, outbox.renewals

        async def renewed() -> bool:
            return outbox.renewals > renewals + 2

        await examples.eventually(renewed)
        after = {row.leased_until for row in await _rows(engine)}
        outbox.go.set()
        await _all(engine, "contributed")

    assert max(before) < min(after)


@pytest.mark.parametrize("fault", ["hang", "reset", "server_error"])
async def test_an_outage_leaves_at_most_one_concurrency_unknown(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching, fault: str
) -> None:
    _break(gateway, **{fault: 1.0})
    await _owe(engine, 50)
    circuit = replace(CIRCUIT, ambiguous_limit=timedelta(hours=1), hold=timedelta(hours=1))
    async with dispatching(circuit=circuit, limits=replace(LIMITS, timeout=timedelta(milliseconds=300))) as dispatcher:

        async def opened() -> bool:
            return dispatcher.state == "circuit_open" and dispatcher.in_flight == 0

        await examples.eventually(opened)

    settled = [(row.status, row.attempt) for row in await _rows(engine)]
    assert settled.count(("unknown", 1)) <= CIRCUIT.concurrency
    assert settled.count(("pending", 0)) >= 50 - CIRCUIT.concurrency


async def test_a_gateway_that_is_down_costs_no_attempt_and_is_found_again(
    engine: AsyncEngine, dispatching: Dispatching, gateway: Running
) -> None:
    """The one request that moves no money finds out whether it is back."""
    _break(gateway, unavailable=1.0, authentication_down=True)
    await _owe(engine, 50)
    async with dispatching() as dispatcher:
        assert dispatcher.gateway_state() == "unauthenticated"
        _break(gateway, authentication_down=False)

        async def opened() -> bool:
            return dispatcher.state == "circuit_open"

        await examples.eventually(opened)
        _break(gateway, authentication_down=True, unavailable=0.0)
        calls = len(gateway.simulator.account.calls)
        _break(gateway, authentication_down=False)
        await _all(engine, "contributed")

        assert dispatcher.state == "ok"

    assert calls <= CIRCUIT.concurrency
    assert {1} == set(gateway.simulator.account.contributions().values())


async def test_an_outcome_that_was_written_though_its_answer_was_lost_is_no_lost_lease(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    await _owe(engine)
    with structlog.testing.capture_logs() as logs:
        async with dispatching(outbox=_LosesAnswers(engine, "settle")) as dispatcher:

            async def told() -> bool:
                return dispatcher.in_flight == 0 and any(line["event"] == "dispatcher.contributed" for line in logs)

            await examples.eventually(told)

    assert "dispatcher.lease_lost" not in {line["event"] for line in logs}
    assert len(gateway.simulator.account.calls) == 1


async def test_a_401_that_a_fresh_token_does_not_help_spends_attempts_and_expires(
    engine: AsyncEngine, gateway: Running, dispatching: Dispatching
) -> None:
    _break(gateway, unauthorized=1.0)
    await _owe(engine)
    async with dispatching(policy=replace(POLICY, give_up_after=timedelta(milliseconds=1))):
        await _all(engine, "expired")

    assert [(401, 2)] == [(row.gateway_status, row.attempt) for row in await _rows(engine)]
