"""Hands on the ledger: what a person may have sent again or discarded, each once and each signed."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.intervention import DISCARDED_FROM, REPLAYED_FROM, Action, Discard, Replay, Signature
from app.domain.settlement import Settlement, Status
from app.ledger.census import take_census
from app.ledger.engine import create_engine
from app.ledger.hands import BATCH, Survey, intervene, preview, survey
from app.ledger.history import contribution_history
from app.ledger.inbox import Inbox
from app.ledger.listing import list_contributions
from app.ledger.outbox import Outbox
from app.ledger.selection import Selection
from app.ledger.tables import contributions, interventions
from tests import examples

EVERYTHING = Selection()
SIGNATURE = Signature(actor="ada", reason="the jackpot was paused by mistake")
NOT_SETTLED = {Status.PENDING, Status.IN_FLIGHT}
LEASE = timedelta(minutes=1)


async def _execute(engine: AsyncEngine, statement: str, **parameters: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), parameters)


async def _rows(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.execute(select(contributions).order_by(contributions.c.id)))


async def _interventions(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.execute(select(interventions).order_by(interventions.c.id)))


async def _statuses(engine: AsyncEngine) -> Counter[str]:
    return Counter(row.status for row in await _rows(engine))


async def _put(engine: AsyncEngine, status: Status, *, event_id: str = "bet-1") -> UUID:
    """A contribution as a dispatcher would have left it in a status."""
    await Inbox(engine).record(examples.entry(event_id))
    leased = "'a' || substr(id::text, 2)" if status is Status.IN_FLIGHT else "null"
    await _execute(
        engine,
        f"update contributions set status = :status, attempt = 3, lease_token = ({leased})::uuid,"  # noqa: S608
        " leased_until = case when :status = 'in_flight' then now() end,"
        " settled_at = case when :settled then now() - interval '1 hour' end,"
        " gateway_status = 422, gateway_response = 'why' where event_id = :event_id",
        status=status,
        settled=status not in NOT_SETTLED,
        event_id=event_id,
    )
    (row,) = [row for row in await _rows(engine) if row.event_id == event_id]
    found: UUID = row.id
    return found


async def _many(engine: AsyncEngine, count: int, status: Status = Status.DECLINED) -> None:
    await _execute(
        engine,
        "insert into contributions (id, feed, brand_id, event_id, source_id, body, status, settled_at)"
        " select gen_random_uuid(), 'bet', 'brand1', number, 'one', '{}', :status, now() - interval '1 hour'"
        " from generate_series(1, :count) as number",
        count=count,
        status=status,
    )


async def _do(engine: AsyncEngine, action: Action, selection: Selection = EVERYTHING) -> tuple[Survey, Counter[Status]]:
    found = await survey(engine, selection, action)
    return found, await _carry_out(engine, action, found, selection)


async def _carry_out(
    engine: AsyncEngine, action: Action, found: Survey, selection: Selection = EVERYTHING
) -> Counter[Status]:
    changed = Counter[Status]()
    async for batch in intervene(engine, selection, action, SIGNATURE, taken_at=found.taken_at):
        changed += batch
    return changed


@pytest.mark.parametrize("status", sorted(REPLAYED_FROM))
async def test_what_is_replayed_is_due_now_as_if_new_and_the_same_to_the_byte(
    engine: AsyncEngine, status: Status
) -> None:
    await _put(engine, status)
    (before,) = await _rows(engine)

    _, changed = await _do(engine, Replay(doubtful=True))

    (row,) = await _rows(engine)
    assert Counter({status: 1}) == changed
    assert ("pending", 0, None) == (row.status, row.attempt, row.settled_at)
    assert (before.id, before.body, 422, "why") == (row.id, row.body, row.gateway_status, row.gateway_response)
    assert row.replayed_at == row.next_attempt_at > before.next_attempt_at
    (claim,) = await Outbox(engine).claim(1, token=uuid4(), lease=LEASE)
    assert (before.id, before.body, 1) == (claim.id, claim.body, claim.attempt)


@pytest.mark.parametrize("status", sorted(DISCARDED_FROM))
async def test_what_is_discarded_is_never_claimed(engine: AsyncEngine, status: Status) -> None:
    await _put(engine, status)

    _, changed = await _do(engine, Discard())

    (row,) = await _rows(engine)
    assert (Counter({status: 1}), "discarded", 422) == (changed, row.status, row.gateway_status)
    assert row.settled_at > row.recorded_at
    assert await Outbox(engine).claim(1, token=uuid4(), lease=LEASE) == []
    assert (await take_census(engine)).balances


@pytest.mark.parametrize(
    ("action", "status"),
    [
        *((Replay(doubtful=True), status) for status in sorted(set(Status) - REPLAYED_FROM)),
        *((Discard(), status) for status in sorted(set(Status) - DISCARDED_FROM)),
    ],
)
async def test_what_is_made_or_under_way_is_left_alone_and_counted(
    engine: AsyncEngine, action: Action, status: Status
) -> None:
    await _put(engine, status)
    before = await _rows(engine)

    found, changed = await _do(engine, action)

    assert (Counter({status: 1}), 0, 0) == (found.others, found.eligible.total(), changed.total())
    assert before == await _rows(engine)
    assert await _interventions(engine) == []


async def test_each_change_is_signed_and_keeps_what_it_overwrote(engine: AsyncEngine) -> None:
    identity = await _put(engine, Status.EXPIRED)
    (before,) = await _rows(engine)

    await _do(engine, Replay())
    await _do(engine, Discard())

    history = await contribution_history(engine, identity)
    assert history is not None
    replayed, discarded = history.interventions
    assert ("replay", "ada", SIGNATURE.reason) == (replayed.action, replayed.actor, replayed.reason)
    assert ("expired", 422, "why", before.settled_at) == (
        *(replayed.status, replayed.gateway_status, replayed.gateway_response, replayed.settled_at),
    )
    assert ("discard", "pending", None) == (discarded.action, discarded.status, discarded.settled_at)
    assert (Status.DISCARDED, examples.entry().payload) == (history.status, history.payload)


async def test_what_may_be_at_the_gateway_is_not_replayed(engine: AsyncEngine) -> None:
    await _put(engine, Status.UNKNOWN)

    found, changed = await _do(engine, Replay())

    assert (Counter({Status.UNKNOWN: 1}), Counter()) == (found.doubtful, changed)
    assert Counter(unknown=1) == await _statuses(engine)


async def test_discarding_does_not_make_an_unknown_outcome_known(engine: AsyncEngine) -> None:
    """Otherwise two harmless commands would charge a player twice."""
    await _put(engine, Status.UNKNOWN, event_id="sent")
    await _put(engine, Status.DECLINED, event_id="refused")
    await _do(engine, Discard())

    found, changed = await _do(engine, Replay())

    assert (Counter({Status.DISCARDED: 1}), Counter({Status.DISCARDED: 1})) == (found.doubtful, changed)
    assert {"sent": "discarded", "refused": "pending"} == {row.event_id: row.status for row in await _rows(engine)}


async def test_giving_up_on_a_replay_does_not_make_an_unknown_outcome_known(engine: AsyncEngine) -> None:
    """Replayed since the Gateway ignored repetitions; then nobody may rely on that any more."""
    await _put(engine, Status.UNKNOWN)
    await _do(engine, Replay(doubtful=True))
    await _execute(engine, "update contributions set status = 'expired', settled_at = now()")

    found, changed = await _do(engine, Replay())

    assert (Counter({Status.EXPIRED: 1}), Counter()) == (found.doubtful, changed)


@pytest.mark.parametrize("absent", [False, True])
async def test_a_person_who_looked_ends_the_doubt(engine: AsyncEngine, *, absent: bool) -> None:
    await _put(engine, Status.UNKNOWN)
    await _do(engine, Replay(doubtful=True, absent=absent))

    assert [not absent] == [row.doubtful for row in await _rows(engine)]


async def test_a_rate_spreads_them_over_all_batches(engine: AsyncEngine) -> None:
    await _many(engine, BATCH + 10)

    found, _ = await _do(engine, Replay(spacing=timedelta(seconds=0.5)))

    due = [row.next_attempt_at for row in await _rows(engine)]
    assert [found.taken_at + timedelta(seconds=0.5) * place for place in range(BATCH + 10)] == due
    assert due == [row.replayed_at for row in await _rows(engine)]


async def test_two_people_at_once_replay_each_contribution_once(engine: AsyncEngine, other_engine: AsyncEngine) -> None:
    await _many(engine, 3 * BATCH)

    outcomes = await asyncio.gather(*(_do(each, Replay()) for each in (engine, other_engine, engine, other_engine)))

    assert 3 * BATCH == sum(changed.total() for _, changed in outcomes)
    assert _ids(await _rows(engine)) == Counter(row.contribution_id for row in await _interventions(engine))


async def test_what_came_to_its_status_after_the_survey_is_left_alone(engine: AsyncEngine) -> None:
    """A second person's replay, begun before the first one's was declined again, must not send it a third time."""
    await _put(engine, Status.DECLINED)
    second = await survey(engine, EVERYTHING, Replay())
    await _do(engine, Replay())
    (claim,) = await Outbox(engine).claim(1, token=uuid4(), lease=LEASE)
    await Outbox(engine).settle(claim, Settlement(status=Status.DECLINED), gateway_status=422, gateway_response="")

    assert Counter() == await _carry_out(engine, Replay(), second)
    assert Counter(declined=1) == await _statuses(engine)


async def test_an_interrupted_one_can_be_run_again(engine: AsyncEngine) -> None:
    await _many(engine, 2 * BATCH)
    found = await survey(engine, EVERYTHING, Replay())
    batches = intervene(engine, EVERYTHING, Replay(), SIGNATURE, taken_at=found.taken_at)

    assert Counter({Status.DECLINED: BATCH}) == await anext(batches)
    await batches.aclose()  # type: ignore[attr-defined]
    assert Counter(pending=BATCH, declined=BATCH) == await _statuses(engine)
    _, changed = await _do(engine, Replay())

    assert Counter({Status.DECLINED: BATCH}) == changed
    assert _ids(await _rows(engine)) == Counter(row.contribution_id for row in await _interventions(engine))


async def test_no_lock_is_waited_for(engine: AsyncEngine, other_engine: AsyncEngine) -> None:
    """Neither by the person nor by a dispatcher: each passes by what the other holds."""
    await _many(engine, 3)
    async with other_engine.connect() as other:
        await other.execution_options(isolation_level="READ COMMITTED")
        async with other.begin():
            await other.execute(text("select 1 from contributions where event_id = '2' for update"))
            found, changed = await _do(engine, Replay())

    assert (Counter({Status.DECLINED: 3}), Counter({Status.DECLINED: 2})) == (found.eligible, changed)
    assert Counter(pending=2, declined=1) == await _statuses(engine)


async def test_a_preview_and_a_survey_change_nothing(engine: AsyncEngine) -> None:
    await _many(engine, 7)
    await _put(engine, Status.CONTRIBUTED)
    before = await _rows(engine)

    found = await survey(engine, EVERYTHING, Replay())
    few = await preview(engine, EVERYTHING, Replay(), taken_at=found.taken_at, limit=5)

    assert (Counter({Status.DECLINED: 7}), Counter({Status.CONTRIBUTED: 1})) == (found.eligible, found.others)
    assert (5, 2, {Status.DECLINED}) == (len(few.contributions), few.more, {each.status for each in few.contributions})
    assert before == await _rows(engine)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), {"1", "2", "3"}),
        (Selection(statuses=(Status.DECLINED, Status.EXPIRED)), {"1", "2"}),
        (Selection(feed="bet"), {"1", "2", "3"}),
        (Selection(feed="deposit"), set()),
        (Selection(brand_id="brand2"), {"3"}),
        (Selection(event_id="2"), {"2"}),
        (Selection(event_id="2", feed="bet", brand_id="brand1"), {"2"}),
        (Selection(event_id="2", feed="deposit"), set()),
        (Selection(gateway_statuses=(409, 423)), {"2"}),
        (Selection(since=datetime(2026, 11, 2, tzinfo=UTC)), {"2", "3"}),
        (Selection(until=datetime(2026, 11, 2, tzinfo=UTC)), {"1"}),
        (Selection(statuses=(Status.DECLINED,), gateway_statuses=(409,)), set()),
    ],
)
async def test_each_thing_given_narrows_a_selection(
    engine: AsyncEngine, selection: Selection, expected: set[str]
) -> None:
    await _put(engine, Status.DECLINED, event_id="1")
    await _put(engine, Status.EXPIRED, event_id="2")
    await _put(engine, Status.UNKNOWN, event_id="3")
    await _execute(engine, "update contributions set recorded_at = '2026-11-01Z'::timestamptz where event_id = '1'")
    await _execute(engine, "update contributions set recorded_at = '2026-11-02Z'::timestamptz where event_id > '1'")
    await _execute(engine, "update contributions set gateway_status = 409 where event_id = '2'")
    await _execute(engine, "update contributions set brand_id = 'brand2' where event_id = '3'")

    assert expected == {each.event.event_id for each in await _listed(engine, selection)}


async def test_ids_select_those_that_they_name(engine: AsyncEngine) -> None:
    identity = await _put(engine, Status.DECLINED, event_id="1")
    await _put(engine, Status.DECLINED, event_id="2")

    assert [identity] == [each.id for each in await _listed(engine, Selection(ids=(identity, uuid4())))]


async def test_a_contribution_whose_event_is_gone_is_still_shown(engine: AsyncEngine) -> None:
    identity = await _put(engine, Status.DECLINED)
    await _execute(engine, "delete from events")

    history = await contribution_history(engine, identity)

    assert history is not None
    assert (None, None, "bet-1") == (history.payload, history.received_at, history.event.event_id)


async def test_without_prepared_statements_it_works_as_well(database_url: str, engine: AsyncEngine) -> None:
    await _put(engine, Status.DECLINED)
    plain = create_engine(
        database_url, pool_size=2, timeout=timedelta(seconds=examples.DEADLINE), prepared_statements=False
    )

    _, changed = await _do(plain, Replay(spacing=timedelta(seconds=1)))

    assert Counter({Status.DECLINED: 1}) == changed
    assert Counter(pending=1) == await _statuses(engine)
    await plain.dispose()


async def _listed(engine: AsyncEngine, selection: Selection) -> Iterable[Any]:
    return (await list_contributions(engine, selection, limit=10)).contributions


def _ids(rows: list[Any]) -> Counter[UUID]:
    return Counter(row.id for row in rows)
