"""The outbox: leased to one at a time, settled by the holder only."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.settlement import Settlement, Status
from app.ledger.census import take_census
from app.ledger.claim import Claim
from app.ledger.engine import create_engine
from app.ledger.inbox import Duplicate, Inbox, Recorded
from app.ledger.outbox import Backlog, Outbox, Recovered
from app.ledger.recording import Decided
from app.ledger.tables import contributions
from tests import examples

LEASE = timedelta(minutes=1)
EXPIRED = timedelta(seconds=-1)


async def _row(engine: AsyncEngine) -> Any:
    async with engine.connect() as connection:
        return (await connection.execute(select(contributions))).one()


@pytest.fixture
async def outbox(engine: AsyncEngine) -> Outbox:
    """With one contribution, due."""
    await Inbox(engine).record(examples.entry())
    return Outbox(engine)


async def _claim(outbox: Outbox, *, lease: timedelta = LEASE) -> Claim:
    (claim,) = await outbox.claim(10, token=uuid4(), lease=lease)
    return claim


async def _begun(outbox: Outbox, *, lease: timedelta = LEASE) -> Claim:
    """A claim that is about to be sent."""
    claim = await _claim(outbox, lease=lease)
    assert await outbox.begin([claim], lease=lease) == {claim.id}
    return claim


async def _settle(outbox: Outbox, claim: Claim, settlement: Settlement) -> bool:
    return await outbox.settle(claim, settlement, gateway_status=200, gateway_response="{}")


async def test_a_claim_carries_what_was_recorded(outbox: Outbox) -> None:
    entry = examples.entry()
    claim = await _claim(outbox)

    (owed,) = entry.decision.contributions
    assert (owed.id, entry.key, owed.body, 1) == (claim.id, entry.key, claim.body, claim.attempt)


async def test_what_is_leased_is_not_claimed_again(outbox: Outbox) -> None:
    await _claim(outbox)

    assert await outbox.claim(10, token=uuid4(), lease=LEASE) == []


async def test_dispatchers_in_a_race_share_the_work_and_never_a_contribution(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    for number in range(60):
        await Inbox(engine).record(examples.entry(f"bet-{number}"))
    outboxes = Outbox(engine), Outbox(other_engine)

    batches = await asyncio.gather(*(outboxes[turn % 2].claim(10, token=uuid4(), lease=LEASE) for turn in range(12)))

    claimed = [claim.id for batch in batches for claim in batch]
    assert (len(claimed), len(set(claimed))) == (60, 60)


async def test_a_claim_takes_no_more_than_its_limit(engine: AsyncEngine) -> None:
    for number in range(5):
        await Inbox(engine).record(examples.entry(f"bet-{number}"))

    assert len(await Outbox(engine).claim(2, token=uuid4(), lease=LEASE)) == 2


async def test_the_longest_due_is_claimed_first(engine: AsyncEngine) -> None:
    for number in (1, 2, 3):
        await Inbox(engine).record(examples.entry(f"bet-{number}"))

    claims = [await Outbox(engine).claim(1, token=uuid4(), lease=LEASE) for _ in range(3)]

    assert [claim.key.event_id for (claim,) in claims] == ["bet-1", "bet-2", "bet-3"]


@pytest.mark.parametrize("status", [Status.CONTRIBUTED, Status.DECLINED, Status.UNKNOWN, Status.EXPIRED])
async def test_an_outcome_ends_the_lease_and_keeps_the_answer(
    engine: AsyncEngine, outbox: Outbox, status: Status
) -> None:
    claim = await _claim(outbox)

    assert await outbox.settle(claim, Settlement(status=status), gateway_status=422, gateway_response="why")

    row = await _row(engine)
    assert (status, 1, 422, "why", None, None) == (
        *(row.status, row.attempt, row.gateway_status, row.gateway_response),
        *(row.lease_token, row.leased_until),
    )
    assert row.settled_at is not None


async def test_a_retry_is_due_after_its_delay(engine: AsyncEngine, outbox: Outbox) -> None:
    claim = await _claim(outbox)
    await _settle(outbox, claim, Settlement(status=Status.PENDING, delay=timedelta(hours=1)))

    assert await outbox.claim(10, token=uuid4(), lease=LEASE) == []
    row = await _row(engine)
    assert timedelta(minutes=59) < row.next_attempt_at - row.recorded_at < timedelta(minutes=61)


async def test_a_call_that_counted_raises_the_attempt(outbox: Outbox) -> None:
    await _settle(outbox, await _claim(outbox), Settlement(status=Status.PENDING))

    assert (await _claim(outbox)).attempt == 2


async def test_doubt_is_kept_until_a_settlement_without_it(outbox: Outbox) -> None:
    await _settle(outbox, await _claim(outbox), Settlement(status=Status.PENDING, doubtful=True))
    claim = await _claim(outbox)
    await _settle(outbox, claim, Settlement(status=Status.PENDING))

    assert (True, False) == (claim.doubtful, (await _claim(outbox)).doubtful)


async def test_a_call_that_spent_no_attempt_does_not(outbox: Outbox) -> None:
    await _settle(outbox, await _claim(outbox), Settlement(status=Status.PENDING, spent=False))

    assert (await _claim(outbox)).attempt == 1


async def test_a_lease_settles_once(outbox: Outbox) -> None:
    claim = await _claim(outbox)

    assert await _settle(outbox, claim, Settlement(status=Status.CONTRIBUTED))
    assert not await _settle(outbox, claim, Settlement(status=Status.DECLINED))


async def test_who_lost_the_lease_settles_nothing(engine: AsyncEngine, outbox: Outbox) -> None:
    """A dispatcher stopped beyond its lease must not overwrite what another has found out since."""
    late = await _begun(outbox, lease=EXPIRED)
    await outbox.recover(deduplicates=True)
    await _claim(outbox)

    assert not await _settle(outbox, late, Settlement(status=Status.CONTRIBUTED))
    assert (await _row(engine)).status == "in_flight"


async def test_what_was_leased_with_a_token_is_released_with_it_and_spent_no_attempt(outbox: Outbox) -> None:
    claim = await _claim(outbox)

    assert await outbox.release({uuid4()}) == set()
    assert await outbox.release({uuid4(), claim.lease_token}) == {claim.lease_token}
    assert (await _claim(outbox)).attempt == 1


async def test_a_settlement_can_be_asked_for_afterwards(outbox: Outbox) -> None:
    claim = await _claim(outbox)
    contributed, declined = Settlement(status=Status.CONTRIBUTED), Settlement(status=Status.DECLINED)
    await _settle(outbox, claim, contributed)

    assert await outbox.is_settled(claim, contributed)
    assert not await outbox.is_settled(claim, declined)


async def test_what_a_dead_dispatcher_left_is_unknown(engine: AsyncEngine, outbox: Outbox) -> None:
    """Jobs that stay running when their worker is gone are published failures of others (River #1258, procrastinate
    #1518).
    """
    await _begun(outbox, lease=EXPIRED)

    assert Recovered(sent=1) == await outbox.recover(deduplicates=False)
    row = await _row(engine)
    assert ("unknown", 1, None, True) == (row.status, row.attempt, row.lease_token, row.settled_at is not None)


async def test_what_a_dead_dispatcher_left_is_due_again_where_the_gateway_deduplicates(outbox: Outbox) -> None:
    await _begun(outbox, lease=EXPIRED)

    assert Recovered(sent=1) == await outbox.recover(deduplicates=True)
    claim = await _claim(outbox)
    assert (2, True) == (claim.attempt, claim.doubtful)


@pytest.mark.parametrize("deduplicates", [False, True])
async def test_what_a_dead_dispatcher_never_began_to_send_is_due_again_and_spent_no_attempt(
    outbox: Outbox, *, deduplicates: bool
) -> None:
    await _claim(outbox, lease=EXPIRED)

    assert Recovered(unsent=1) == await outbox.recover(deduplicates=deduplicates)
    claim = await _claim(outbox)
    assert (1, False) == (claim.attempt, claim.doubtful)


async def test_what_another_took_over_can_not_be_begun(outbox: Outbox) -> None:
    """A dispatcher stopped between claiming and sending must not send what another sends by then."""
    late = await _claim(outbox, lease=EXPIRED)
    await outbox.recover(deduplicates=False)
    await _begun(outbox)

    assert await outbox.begin([late], lease=LEASE) == set()


async def test_a_lease_from_a_version_that_does_not_say_so_counts_as_sent(engine: AsyncEngine, outbox: Outbox) -> None:
    async with engine.connect() as connection:
        await connection.execute(
            text(
                "update contributions set status = 'in_flight', attempt = 1,"
                " lease_token = gen_random_uuid(), leased_until = now() - interval '1 second'"
            )
        )

    assert Recovered(sent=1) == await outbox.recover(deduplicates=False)


async def test_a_lease_that_still_runs_is_left_alone(outbox: Outbox) -> None:
    await _claim(outbox)

    assert Recovered() == await outbox.recover(deduplicates=False)


async def test_a_lease_that_is_renewed_runs_on(outbox: Outbox) -> None:
    claim = await _begun(outbox, lease=EXPIRED)

    assert await outbox.renew({claim.id: claim.lease_token, uuid4(): uuid4()}, lease=LEASE) == {claim.id}
    assert Recovered() == await outbox.recover(deduplicates=False)


async def test_nothing_is_claimed_while_forwarding_is_paused(engine: AsyncEngine, outbox: Outbox) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("insert into pauses default values"))
        assert await outbox.claim(10, token=uuid4(), lease=LEASE) == []
        await connection.execute(text("delete from pauses"))

    await _claim(outbox)


async def test_a_replayed_contribution_is_as_old_as_its_replay(engine: AsyncEngine, outbox: Outbox) -> None:
    async with engine.connect() as connection:
        await connection.execute(
            text("update contributions set recorded_at = now() - interval '30 days', replayed_at = now()")
        )

    assert (await _claim(outbox)).age < timedelta(days=1)


async def test_a_response_with_nul_is_kept(engine: AsyncEngine, outbox: Outbox) -> None:
    """PostgreSQL stores no NUL; an outcome must not be lost to one."""
    claim = await _claim(outbox)

    assert await outbox.settle(
        claim, Settlement(status=Status.CONTRIBUTED), gateway_status=200, gateway_response="a\0b"
    )
    assert (await _row(engine)).gateway_response == "a\N{REPLACEMENT CHARACTER}b"


async def test_the_backlog_counts_what_is_pending_and_the_age_of_the_oldest_due(
    engine: AsyncEngine, outbox: Outbox
) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("update contributions set next_attempt_at = now() - interval '1 hour'"))

    backlog = await outbox.backlog()

    assert backlog.pending == 1
    assert timedelta(hours=1) <= backlog.oldest_due < timedelta(hours=2)


async def test_what_is_due_later_has_no_age(engine: AsyncEngine, outbox: Outbox) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("update contributions set next_attempt_at = now() + interval '1 hour'"))

    assert Backlog(pending=1, oldest_due=timedelta()) == await outbox.backlog()


async def test_an_empty_outbox_has_no_backlog(engine: AsyncEngine) -> None:
    assert Backlog(pending=0, oldest_due=timedelta()) == await Outbox(engine).backlog()


async def test_without_prepared_statements_everything_works_in_transactions(database_url: str) -> None:
    """As a proxy wants it that gives every transaction another connection."""
    engine = create_engine(
        database_url, pool_size=2, timeout=timedelta(seconds=examples.DEADLINE), prepared_statements=False
    )
    assert Recorded(Decided(contributions=1, ignored=None)) == await Inbox(engine).record(examples.entry())
    assert Duplicate(Decided(contributions=1, ignored=None)) == await Inbox(engine).record(examples.entry())
    assert await _settle(Outbox(engine), await _claim(Outbox(engine)), Settlement(status=Status.CONTRIBUTED))
    assert (await take_census(engine)).by_status[Status.CONTRIBUTED] == 1
    await engine.dispose()


async def test_who_lost_the_lease_is_told_so_also_when_its_new_holder_settles_at_once(outbox: Outbox) -> None:
    lost = await _begun(outbox, lease=EXPIRED)
    await outbox.recover(deduplicates=True)
    held = await _begun(outbox)
    assert lost.id == held.id

    written = await asyncio.gather(
        _settle(outbox, lost, Settlement(status=Status.DECLINED)),
        _settle(outbox, held, Settlement(status=Status.CONTRIBUTED)),
    )

    assert [False, True] == list(written)
