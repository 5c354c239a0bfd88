"""Verification: what the ledger has wrong in itself, and beside the Gateway's account, is named."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.gateway_account import Entry, Export
from app.domain.settlement import Status
from app.ledger.census import census_of
from app.ledger.finding import Finding, Problem
from app.ledger.reconciliation import Scope, compare
from app.ledger.retention import Keep, Retention
from app.ledger.snapshot import snapshot
from app.ledger.tables import contributions
from app.ledger.verification import offenders
from tests.integration.populated import DAY, populate

KEEP = Keep(contributions=30 * DAY, events=90 * DAY)
SCOPE = Scope(keep=KEEP, deduplicates=False)
UNASKED = UUID("019ab7ac-5000-8abc-9def-0123456789ab")


async def ids(engine: AsyncEngine) -> dict[str, UUID]:
    """By the event's id."""
    async with engine.connect() as connection:
        rows = await connection.execute(select(contributions.c.event_id, contributions.c.id))
        return {row.event_id: row.id for row in rows}


async def prune(engine: AsyncEngine) -> None:
    async for _ in Retention(engine, KEEP).sweep():
        pass


async def execute(engine: AsyncEngine, statement: str) -> None:
    async with engine.connect() as connection:
        await connection.execute(text(statement))


async def wrong(engine: AsyncEngine) -> list[tuple[Problem, UUID | None]]:
    """What the ledger has wrong in itself."""
    async with snapshot(engine) as connection:
        census = await census_of(connection)
        found = [found async for found in offenders(connection, census, kept=KEEP.contributions)]
    return [(each.problem, each.contribution_id) for each in found]


async def compared(
    engine: AsyncEngine,
    named: Iterable[UUID | tuple[str, str, str, str]],
    scope: Scope = SCOPE,
    amount: Decimal | None = None,
) -> tuple[list[Finding], dict[str, int]]:
    """What comes of comparing with an account of these contributions, each of the amount where it says any."""
    entries = [
        Entry(line, None, name, amount) if isinstance(name, tuple) else Entry(line, name, None, amount)
        for line, name in enumerate(named, 2)
    ]
    by_id = not entries or entries[0].key is None
    export = Export(by_id=by_id, amounts=amount is not None, entries=iter(entries))
    async with snapshot(engine) as connection:
        comparison = await compare(connection, export, scope)
        return [found async for found in comparison.findings()], await comparison.counts()


def brief(found: Iterable[Finding]) -> list[tuple[Any, ...]]:
    return [(each.problem, each.event_id, each.status, each.times) for each in found]


async def test_a_populated_and_pruned_ledger_is_right(engine: AsyncEngine) -> None:
    for status in Status:
        for days in (1, 31, 91):
            await populate(engine, f"{status}-{days}", status=status, count=500, received=days * DAY)
    await prune(engine)

    assert [] == await wrong(engine)


async def test_a_lost_contribution_is_named_though_others_were_pruned(engine: AsyncEngine) -> None:
    await populate(engine, "old", count=2000, received=31 * DAY)
    await populate(engine, "young", count=2000, received=DAY)
    await prune(engine)
    lost = (await ids(engine))["young-1234"]
    await execute(engine, f"delete from contributions where id = '{lost}'")  # noqa: S608 - our own value

    assert [(Problem.MISSING, lost)] == await wrong(engine)


async def test_a_contribution_lost_too_long_ago_to_name_is_counted(engine: AsyncEngine) -> None:
    await populate(engine, "old", count=2000, received=31 * DAY)
    await execute(engine, "delete from contributions where event_id = 'old-1234'")
    await prune(engine)

    async with snapshot(engine) as connection:
        census = await census_of(connection)
    assert (1, False) == (census.unexplained, census.balances)


async def test_a_contribution_lost_is_counted_even_when_its_event_was_pruned(engine: AsyncEngine) -> None:
    await populate(engine, "old", count=2000, received=91 * DAY)
    await execute(engine, "delete from contributions where event_id = 'old-1234'")
    await prune(engine)

    async with snapshot(engine) as connection:
        census = await census_of(connection)
    assert (1, False, 0) == (census.unexplained, census.balances, census.owed)


async def test_a_contribution_that_no_event_owes_is_named(engine: AsyncEngine) -> None:
    await populate(engine, "bet", count=1000)
    stray = (await ids(engine))["bet-7"]
    await execute(engine, "delete from events where event_id = 'bet-7'")

    assert [(Problem.STRAY, stray)] == await wrong(engine)


async def test_a_contribution_under_another_key_than_its_events_is_named(engine: AsyncEngine) -> None:
    await populate(engine, "bet", count=1000)
    await execute(engine, "update contributions set brand_id = 'brand2' where event_id = 'bet-7'")

    assert [(Problem.KEY_DIFFERS, (await ids(engine))["bet-7"])] == await wrong(engine)


async def test_a_contribution_that_two_events_owe_is_named(engine: AsyncEngine) -> None:
    await populate(engine, "bet", count=1000)
    both = (await ids(engine))["bet-7"]
    await execute(
        engine,
        f"update events set contribution_ids = contribution_ids || '{both}'::uuid where event_id = 'bet-8'",  # noqa: S608 - ours
    )

    assert [(Problem.OWED_TWICE, both)] == await wrong(engine)


@pytest.fixture
async def known(engine: AsyncEngine) -> dict[str, UUID]:
    """A contribution of every status, by the status, among many contributed."""
    for status in Status:
        await populate(engine, status, status=status, received=DAY)
    await populate(engine, "many", count=3000, received=DAY)
    return {name.removesuffix("-1"): each for name, each in (await ids(engine)).items()}


def at_gateway(known: dict[str, UUID], *also: Status) -> list[UUID]:
    """What ought to be at the Gateway, and these."""
    return [each for name, each in known.items() if name == "contributed" or name.startswith("many") or name in also]


OPEN = [
    (Problem.OPEN_NOT_AT_GATEWAY, f"{status}-1", status, 0)
    for status in (Status.DISCARDED, Status.IN_FLIGHT, Status.UNKNOWN)
]


async def test_an_account_that_agrees_leaves_only_what_a_person_decides(
    engine: AsyncEngine, known: dict[str, UUID]
) -> None:
    found, counts = await compared(engine, at_gateway(known))

    assert sorted(OPEN) == sorted(brief(found))
    assert not any(each.is_offence for each in found)
    assert {"agreed": 3004, "open_not_at_gateway": 3} == counts


async def test_of_what_is_open_it_is_told_which_is_at_the_gateway(engine: AsyncEngine, known: dict[str, UUID]) -> None:
    both = (Status.UNKNOWN, Status.DISCARDED, Status.IN_FLIGHT)
    found, _ = await compared(engine, at_gateway(known, *both))

    assert {(Problem.OPEN_AT_GATEWAY, f"{status}-1", status, 1) for status in both} == set(brief(found))
    assert not any(each.is_offence for each in found)


async def test_what_was_contributed_and_is_not_at_the_gateway_is_named(
    engine: AsyncEngine, known: dict[str, UUID]
) -> None:
    expected = (Problem.NOT_AT_GATEWAY, "contributed-1", Status.CONTRIBUTED, 0)
    found, _ = await compared(engine, set(at_gateway(known)) - {known["contributed"]})

    assert [expected] == brief(each for each in found if each.is_offence)


@pytest.mark.parametrize("status", [Status.DECLINED, Status.EXPIRED, Status.PENDING])
async def test_what_is_at_the_gateway_and_should_not_be_is_named(
    engine: AsyncEngine, known: dict[str, UUID], status: Status
) -> None:
    found, _ = await compared(engine, at_gateway(known, status))

    assert [(Problem.AT_GATEWAY, f"{status}-1", status, 1)] == brief(each for each in found if each.is_offence)


async def test_where_the_gateway_deduplicates_what_is_pending_may_have_got_there(
    engine: AsyncEngine, known: dict[str, UUID]
) -> None:
    found, _ = await compared(engine, at_gateway(known, Status.PENDING), Scope(keep=KEEP, deduplicates=True))

    assert (Problem.OPEN_AT_GATEWAY, "pending-1", Status.PENDING, 1) in brief(found)
    assert not any(each.is_offence for each in found)


@pytest.mark.parametrize("status", [Status.CONTRIBUTED, Status.UNKNOWN, Status.DECLINED])
async def test_what_is_at_the_gateway_more_than_once_is_named_whatever_its_status(
    engine: AsyncEngine, known: dict[str, UUID], status: Status
) -> None:
    found, _ = await compared(engine, [*at_gateway(known, status), known[status], known[status]])

    assert [(Problem.TWICE, f"{status}-1", status, 3)] == brief(each for each in found if each.is_offence)


async def ask_for(engine: AsyncEngine, amount: str, *, like: str) -> None:
    body = f'{{"base_wager": {amount}}}'
    await execute(engine, f"update contributions set body = '{body}' where event_id like '{like}'")  # noqa: S608 - ours


@pytest.mark.parametrize("by_id", [True, False])
async def test_what_is_at_the_gateway_with_another_amount_is_named_with_both(
    engine: AsyncEngine, *, by_id: bool
) -> None:
    await populate(engine, "bet", count=2000, received=DAY)
    await ask_for(engine, "2.50", like="%")
    await ask_for(engine, "2.500000000000000001", like="bet-7")
    named = await ids(engine)
    account = named.values() if by_id else [("bet", "brand1", name, "book-of-examples") for name in named]
    found, counts = await compared(engine, account, amount=Decimal("2.5"))

    assert [(Problem.AMOUNT_DIFFERS, named["bet-7"], True)] == [
        (each.problem, each.contribution_id, each.is_offence) for each in found
    ]
    assert (Decimal("2.500000000000000001"), Decimal("2.5")) == (found[0].asked, found[0].taken)
    assert {"agreed": 1999, "amount_differs": 1} == counts


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.DISCARDED, Status.IN_FLIGHT])
async def test_what_is_open_and_at_the_gateway_with_another_amount_is_an_offence(
    engine: AsyncEngine, status: Status
) -> None:
    await populate(engine, "bet", status=status)
    await ask_for(engine, "2.50", like="%")
    found, _ = await compared(engine, (await ids(engine)).values(), amount=Decimal(250))

    assert [(Problem.AMOUNT_DIFFERS, "bet-1", status, 1)] == brief(each for each in found if each.is_offence)


async def test_of_what_was_pruned_no_amount_is_known(engine: AsyncEngine) -> None:
    await populate(engine, "old", received=31 * DAY)
    named = await ids(engine)
    await prune(engine)

    assert ([], {"pruned": 1}) == await compared(engine, named.values(), amount=Decimal("999.99"))


async def test_what_nobody_asked_for_is_named_with_its_line(engine: AsyncEngine, known: dict[str, UUID]) -> None:
    found, _ = await compared(engine, [UNASKED, *at_gateway(known), uuid4()])
    unasked = [(each.contribution_id, each.line) for each in found if each.problem is Problem.UNASKED]

    assert (2, True) == (len(unasked), (UNASKED, 2) in unasked)


async def test_an_empty_account_has_nothing(engine: AsyncEngine, known: dict[str, UUID]) -> None:
    _, counts = await compared(engine, [])

    assert len(at_gateway(known)) == counts["not_at_gateway"]


async def test_contributions_may_be_named_by_their_keys(engine: AsyncEngine, known: dict[str, UUID]) -> None:
    def key(event_id: str, source_id: str = "book-of-examples") -> tuple[str, str, str, str]:
        return "bet", "brand1", event_id, source_id

    right = [
        key(name if name.startswith("many-") else f"{name}-1") for name in known if known[name] in at_gateway(known)
    ]
    also = [key("declined-1"), key("contributed-1"), key("contributed-1", "another-source"), key("bet-9")]
    found, counts = await compared(engine, right + also)

    assert [
        (Problem.AT_GATEWAY, "declined-1", Status.DECLINED, 1),
        (Problem.TWICE, "contributed-1", Status.CONTRIBUTED, 2),
        (Problem.UNASKED, "bet-9", None, 1),
        (Problem.UNASKED, "contributed-1", None, 1),
    ] == sorted(brief(each for each in found if each.is_offence), key=lambda each: (each[0], each[1]))
    assert 3002 == counts["agreed"]


@pytest.mark.parametrize("by_id", [True, False])
async def test_what_was_pruned_is_neither_missing_nor_unasked(engine: AsyncEngine, *, by_id: bool) -> None:
    await populate(engine, "old", count=2000, received=31 * DAY)
    named = await ids(engine)
    await prune(engine)
    account = named.values() if by_id else [("bet", "brand1", name, "book-of-examples") for name in named]

    assert ([], {"pruned": 2000}) == await compared(engine, account)


async def test_what_was_pruned_and_is_at_the_gateway_twice_is_named(engine: AsyncEngine) -> None:
    await populate(engine, "old", received=31 * DAY)
    (pruned,) = (await ids(engine)).values()
    await prune(engine)

    found, _ = await compared(engine, [pruned, pruned])
    assert [(Problem.TWICE, pruned, 2)] == [(each.problem, each.contribution_id, each.times) for each in found]


async def test_an_account_that_reaches_back_beyond_retention_accuses_nobody(engine: AsyncEngine) -> None:
    await populate(engine, "old", count=2000, received=91 * DAY)
    named = await ids(engine)
    await prune(engine)

    assert ([], {"older_than_retention": 2000}) == await compared(engine, named.values())


async def test_before_anything_was_pruned_nothing_old_is_excused(engine: AsyncEngine) -> None:
    old = UUID("00000000-5000-8abc-9def-0123456789ab")

    assert {"unasked": 1} == (await compared(engine, [old]))[1]


async def test_an_id_whose_time_tells_nothing_of_its_age_excuses_nobody(engine: AsyncEngine) -> None:
    await populate(engine, "old", received=91 * DAY)
    (old,) = (await ids(engine)).values()
    await prune(engine)
    timeless = UUID("00000000-0000-8abc-9def-0123456789ab")  # as of a feed with time_format = "none"
    misread = UUID("00006acf-8d80-8abc-9def-0123456789ab")  # seconds, read as milliseconds
    found, counts = await compared(engine, [timeless, misread, old])

    assert {timeless, misread} == {each.contribution_id for each in found if each.problem is Problem.UNASKED}
    assert {"unasked": 2, "older_than_retention": 1} == counts


async def test_a_period_bounds_the_comparison_by_when_it_was_recorded(engine: AsyncEngine) -> None:
    for days in (1, 2, 3):
        await populate(engine, f"days-{days}", count=1000, received=days * DAY)
    named = await ids(engine)
    now = datetime.now(UTC)
    scope = Scope(
        keep=KEEP,
        deduplicates=False,
        since=now - 2 * DAY - timedelta(hours=1),
        until=now - 2 * DAY + timedelta(hours=1),
    )
    account = [named[f"days-2-{number}"] for number in range(2, 1001)]

    found, counts = await compared(engine, account, scope)
    assert [(Problem.NOT_AT_GATEWAY, "days-2-1", Status.CONTRIBUTED, 0)] == brief(found)
    assert {"agreed": 999, "not_at_gateway": 1, "outside_period": 2000} == counts
