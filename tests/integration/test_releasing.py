"""Releasing what was ignored by mistake: once, all of it or nothing, and the books balance."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.contribution import Contribution
from app.domain.feed import Decision
from app.domain.filtering import IgnoreReason
from app.domain.intervention import Signature
from app.domain.settlement import Status
from app.ledger.census import take_census
from app.ledger.engine import LedgerUnavailableError
from app.ledger.finding import Finding
from app.ledger.history import contribution_history
from app.ledger.inbox import Duplicate, Inbox
from app.ledger.keeping import STATES_KEPT
from app.ledger.outbox import Outbox
from app.ledger.recording import Decided, Entry
from app.ledger.releasing import Content, Release, release
from app.ledger.retention import Keep, Retention, first_id
from app.ledger.snapshot import snapshot
from app.ledger.tables import contributions, events, interventions
from app.ledger.verification import offenders
from tests import examples
from tests.integration.populated import DAY

ADA, BOB = Signature(actor="ada", reason="ticket 4711"), Signature(actor="bob", reason="me too")


async def ignored(
    engine: AsyncEngine, event_id: str = "bet-1", *, reason: IgnoreReason = IgnoreReason.ROLLBACK, **changes: Any
) -> Release:
    """An event that was ignored, and what it owes when it is released."""
    entry = examples.entry(event_id, **changes)
    await Inbox(engine).record(replace(entry, decision=Decision(ignored=reason)))
    return Release(
        key=entry.key, fingerprint=entry.fingerprint, ignored=reason, contributions=entry.decision.contributions
    )


async def rows(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.execute(select(contributions).order_by(contributions.c.id)))


async def execute(engine: AsyncEngine, statement: str) -> None:
    async with engine.connect() as connection:
        await connection.execute(text(statement))


async def balances(engine: AsyncEngine) -> bool:
    """By number and by name."""
    async with snapshot(engine) as connection:
        census = await take_census(engine)
        found: list[Finding] = [each async for each in offenders(connection, census, kept=30 * DAY)]
    return census.balances and not found


async def test_a_released_event_owes_what_it_should_have(engine: AsyncEngine) -> None:
    one = await ignored(engine, "one", sources=("slots", "live"))
    two = await ignored(engine, "two")

    assert {one.key, two.key} == await release(engine, [one, two], ADA)

    owed = [*one.contributions, *two.contributions]
    found = [Contribution(id=row.id, source_id=row.source_id, body=row.body) for row in await rows(engine)]
    assert sorted(owed, key=lambda each: each.id) == found
    assert {Status.PENDING} == {row.status for row in await rows(engine)}
    census = await take_census(engine)
    assert (2, {}, 3, True) == (census.accepted, census.ignored, census.owed, await balances(engine))


async def test_what_is_released_is_due_at_once_and_is_as_young_as_its_release(engine: AsyncEngine) -> None:
    """However long ago the event came: it has all of give_up_after."""
    one = await ignored(engine)
    await execute(engine, "update events set received_at = now() - interval '60 days'")
    await release(engine, [one], ADA)

    (claim,) = await Outbox(engine).claim(10, token=uuid4(), lease=timedelta(seconds=60))

    assert (one.contributions[0].id, True) == (claim.id, claim.age < DAY)


async def test_what_it_overwrote_is_kept_and_signed(engine: AsyncEngine) -> None:
    one = await ignored(engine)
    await release(engine, [one], ADA)

    history = await contribution_history(engine, one.contributions[0].id)

    assert history
    (done,) = history.interventions
    assert ("release", "ada", "ticket 4711", "rollback", None) == (
        done.action,
        done.actor,
        done.reason,
        done.ignored,
        done.status,
    )


async def test_releasing_again_does_nothing(engine: AsyncEngine) -> None:
    one = await ignored(engine)

    assert [{one.key}, set()] == [await release(engine, [one], ADA), await release(engine, [one], BOB)]
    async with engine.connect() as connection:
        signed = (await connection.execute(select(interventions.c.actor))).all()
    assert ([("ada",)], 1) == ([tuple(row) for row in signed], len(await rows(engine)))


async def test_any_number_of_people_release_each_event_once(engine: AsyncEngine, other_engine: AsyncEngine) -> None:
    every = [await ignored(engine, f"bet-{number}") for number in range(100)]
    backwards = list(reversed(every))

    done = await asyncio.gather(
        *(release(each, batch, ADA) for each in (engine, other_engine) for batch in (every, backwards) * 3)
    )

    assert sorted(each.key.event_id for each in every) == sorted(key.event_id for keys in done for key in keys)
    assert (100, True) == (len(await rows(engine)), await balances(engine))
    async with engine.connect() as connection:
        assert 100 == len((await connection.execute(select(interventions))).all())


async def test_what_someone_else_is_changing_is_passed_by(engine: AsyncEngine, other_engine: AsyncEngine) -> None:
    one, two = await ignored(engine, "one"), await ignored(engine, "two")
    async with other_engine.connect() as other:
        await other.execution_options(isolation_level="READ COMMITTED")
        async with other.begin():
            await other.execute(text("select from events where event_id = 'one' for update"))

            assert {two.key} == await release(engine, [one, two], ADA)

    assert {one.key} == await release(engine, [one, two], ADA)


async def test_a_crash_leaves_nothing_half_done(engine: AsyncEngine, other_engine: AsyncEngine) -> None:
    """Whatever fails last, the signature, takes all of it back."""
    one = await ignored(engine)
    await execute(engine, "alter table interventions add constraint broken check (action <> 'release')")

    with pytest.raises(LedgerUnavailableError):
        await release(engine, [one], ADA)

    assert ([], True) == (await rows(engine), await balances(engine))
    await execute(engine, "alter table interventions drop constraint broken")
    assert {one.key} == await release(other_engine, [one], ADA)


@pytest.mark.parametrize(
    "change",
    [
        "update events set ignored = 'credit'",
        "update events set fingerprint = sha256('other')",
        "delete from events",
    ],
)
async def test_what_is_not_as_it_was_when_it_was_read_is_left(engine: AsyncEngine, change: str) -> None:
    one = await ignored(engine)
    await execute(engine, change)

    assert (set(), []) == (await release(engine, [one], ADA), await rows(engine))


async def test_a_contributions_own_event_is_never_released(engine: AsyncEngine) -> None:
    one = await ignored(engine, reason=IgnoreReason.CONTRIBUTION_EVENT)

    assert (set(), []) == (await release(engine, [one], ADA), await rows(engine))


async def test_a_contribution_that_is_there_already_is_not_made_again(engine: AsyncEngine) -> None:
    """As where an event's row was lost, and it came again."""
    await Inbox(engine).record(examples.entry("one"))
    await execute(engine, "delete from events")
    one, two = await ignored(engine, "one"), await ignored(engine, "two")

    assert {two.key} == await release(engine, [one, two], ADA)
    assert 2 == len(await rows(engine))


async def test_a_duplicate_is_answered_by_what_the_ledger_has(engine: AsyncEngine) -> None:
    one = await ignored(engine)
    await release(engine, [one], ADA)

    again = await Inbox(engine).record(examples.entry())

    assert Duplicate(Decided(contributions=1, ignored=None)) == again
    assert 1 == len(await rows(engine))


async def test_the_books_balance_after_what_was_released_is_pruned(engine: AsyncEngine) -> None:
    one = await ignored(engine)
    (owed,) = one.contributions
    long_ago = replace(one, contributions=(replace(owed, id=first_id(datetime.now(UTC) - 91 * DAY)),))
    await release(engine, [long_ago], ADA)
    await execute(engine, "update contributions set status = 'contributed', settled_at = now() - interval '31 days'")
    await execute(engine, "update events set received_at = now() - interval '91 days'")

    async for _ in Retention(engine, Keep(contributions=30 * DAY, events=90 * DAY)).sweep():
        pass

    census = await take_census(engine)
    assert (0, 0, True) == (len(await rows(engine)), census.accepted, await balances(engine))
    assert (1, 0, 1) == (census.pruned.accepted, census.pruned.ignored, census.pruned.owed)


async def state(engine: AsyncEngine, event_type: str, event_id: str = "bet-1") -> Entry:
    """A state that was recorded and owes nothing."""
    reason = IgnoreReason.STATUS_NOT_COUNTED
    entry = examples.entry(event_id, sources=(), ignored=reason, event_type=event_type)
    await Inbox(engine).record(entry)
    return entry


async def other_state(engine: AsyncEngine, event_id: str = "bet-1") -> Release:
    """An event that was ignored as a state, and of which another state is what counts."""
    pending = await state(engine, "PENDING", event_id)
    await state(engine, "ACCEPTED", event_id)
    await state(engine, "SETTLED", event_id)
    accepted = examples.entry(event_id, event_type="ACCEPTED")
    return Release(
        key=pending.key,
        fingerprint=pending.fingerprint,
        ignored=IgnoreReason.STATUS_NOT_COUNTED,
        contributions=accepted.decision.contributions,
        other_states=2,
        counting=Content(fingerprint=accepted.fingerprint, payload=accepted.payload),
    )


async def payloads(engine: AsyncEngine) -> tuple[str, list[str]]:
    """What stands, and what is beside it."""
    async with engine.connect() as connection:
        (row,) = await connection.execute(select(events.c.payload, events.c.other_states))
        return row.payload, row.other_states


async def test_another_state_that_counts_stands_and_what_stood_is_kept(engine: AsyncEngine) -> None:
    assert {examples.entry().key} == await release(engine, [await other_state(engine)], ADA)

    pending, accepted, settled = (
        examples.entry(sources=(), event_type=name) for name in ("PENDING", "ACCEPTED", "SETTLED")
    )
    assert (accepted.payload, [pending.payload, settled.payload]) == await payloads(engine)
    assert (1, True) == (len(await rows(engine)), await balances(engine))
    again = await Inbox(engine).record(examples.entry(event_type="ACCEPTED"))
    assert Duplicate(Decided(contributions=1, ignored=None)) == again


async def test_of_many_who_release_another_state_each_is_done_once(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    every = [await other_state(engine, f"bet-{number}") for number in range(30)]

    done = await asyncio.gather(
        *(release(each, batch, ADA) for each in (engine, other_engine) for batch in (every, every[::-1]) * 3)
    )

    assert sorted(each.key.event_id for each in every) == sorted(key.event_id for keys in done for key in keys)
    assert (30, True) == (len(await rows(engine)), await balances(engine))


async def test_what_has_another_state_than_when_it_was_read_is_left(engine: AsyncEngine) -> None:
    """It may be one that takes it back."""
    one, itself = await other_state(engine), await ignored(engine, "two", reason=IgnoreReason.STATUS_NOT_COUNTED)
    await state(engine, "REVERSED")
    await state(engine, "REVERSED", "two")

    assert (set(), []) == (await release(engine, [one, itself], ADA), await rows(engine))


async def test_with_as_many_states_as_are_kept_none_is_lost(engine: AsyncEngine) -> None:
    one = await other_state(engine)
    for number in range(STATES_KEPT):
        await state(engine, f"STATE_{number}")
    stood, others = await payloads(engine)

    assert {one.key} == await release(engine, [replace(one, other_states=STATES_KEPT)], ADA)

    assert one.counting
    assert (one.counting.payload, [stood, *others[1:]]) == await payloads(engine)
    assert others[0] == one.counting.payload


async def test_nothing_to_release_is_nothing_done(engine: AsyncEngine) -> None:
    assert set() == await release(engine, [], ADA)
