"""A state that should have counted, and was sent behind another one, is found when the configuration is mended."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.census import take_census
from app.ledger.tables import contributions, interventions
from tests import examples, samples
from tests.acceptance.service import Service
from tests.acceptance.test_platforms import connected, contributed, post
from tests.examples import Running

BET = samples.fields("profiles/activity-list")
TOKEN = "open-sesame-1"
MISTAKEN = {"statuses": ["CONFIRMED"], "rollback_event_types": ["NONE"]}
MENDED = {"statuses": ["ACCEPTED"], "rollback_event_types": ["NONE"]}
CASINO = "FEEDS__CASINO__"
COMMANDS = {
    f"{CASINO}PROFILE": "activity-list",
    f"{CASINO}API_KEYS": json.dumps([samples.API_KEY]),
    f"{CASINO}FIELDS__BRAND_ID": '{"constant": "brand1"}',
    f"{CASINO}FIELDS__PLAYER_TOKEN": "token",
    f"{CASINO}STATUSES": '["ACCEPTED"]',
    f"{CASINO}ROLLBACK_EVENT_TYPES": '["NONE"]',
}
TAKEN_BACK = {f"{CASINO}ROLLBACK_EVENT_TYPES": '["RollbackBet"]'}
OURS = {f"{CASINO}STATUSES": '["ACCEPTED", "SETTLED"]', "CONTRIBUTION_EVENTS__PROVIDER_IDS": '["other"]'}
WHY = ("--since", "1h", "--reason", "the accepted ones were not counted, ticket 4712", "--by", "ada")


def _section(changes: dict[str, Any]) -> dict[str, Any]:
    fields = {"brand_id": {"constant": "brand1"}, "player_token": "token"}
    return {"feeds": {"casino": samples.of_profile("activity-list", fields=fields) | changes}}


def _bet(status: str, event_id: str = "act-1", **changes: Any) -> bytes:
    return json.dumps(BET | {"activity_id": event_id, "status": status, "token": TOKEN} | changes).encode()


async def _told(service: Service, *bodies: bytes) -> list[str]:
    answers = [await post(service, "casino", body) for body in bodies]
    assert {202} == {answer.status_code for answer in answers}
    return [answer.json()["status"] for answer in answers]


async def _command(database_url: str, *arguments: str, **changes: str) -> tuple[int, str]:
    """Run a command of `feeds`, by the configuration with these changes."""
    environment = os.environ | examples.environment(DATABASE_URL=database_url, **COMMANDS | changes)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "feeds", *arguments), stdout=PIPE, stderr=PIPE, env=environment
    )
    output, errors = await process.communicate()
    assert not errors, errors.decode()
    return process.returncode or 0, output.decode()


async def _compared(database_url: str, **changes: str) -> Any:
    _, output = await _command(database_url, "compare", "--json", **changes)
    return json.loads(output)["different"]


async def _released(database_url: str, **changes: str) -> Any:
    _, output = await _command(database_url, "release", "casino", "--yes", "--json", *WHY, **changes)
    return json.loads(output)["released"]


async def test_a_state_that_should_have_counted_is_found_and_contributes_once(
    database_url: str, engine: AsyncEngine, gateway: Running
) -> None:
    states = [_bet("PENDING"), _bet("ACCEPTED"), _bet("SETTLED", amount=0)]
    async with connected(database_url, gateway, _section(MISTAKEN)) as service:
        assert ["ignored"] * 3 == await _told(service, *states)

    status, compared = await _command(database_url, "compare")
    assert (1, True) == (status, "would count: 1 (status_not_counted 1)\n" in compared)
    assert "would count by another of its states: casino brand1 act-1, received " in compared
    assert TOKEN not in compared
    _, shown = await _command(database_url, "release", "casino", "--since", "1h")
    assert shown.startswith("would release 1: status_not_counted 1; contributions owed: 1\n")
    for released in ("released 1: status_not_counted 1; contributions owed: 1\n", "released 0\n"):
        status, output = await _command(database_url, "release", "casino", "--yes", *WHY)
        assert (0, True) == (status, output.startswith(released))

    async with connected(database_url, gateway, _section(MENDED)) as service:
        assert [("casino", "brand1", "act-1", "sample-slot", "2.5")] == await contributed(gateway)
        assert ["ignored", "accepted", "ignored"] == await _told(service, *states)
        assert 409 == (await post(service, "casino", _bet("ACCEPTED", amount=9))).status_code
    assert (await take_census(engine)).balances
    assert {} == await _compared(database_url)


async def test_real_processes_at_once_release_another_state_once(
    database_url: str, engine: AsyncEngine, gateway: Running
) -> None:
    async with connected(database_url, gateway, _section(MISTAKEN)) as service:
        for number in range(30):
            await _told(service, *(_bet(status, f"act-{number}") for status in ("PENDING", "ACCEPTED")))

    found = await asyncio.gather(*(_released(database_url) for _ in range(2)))

    assert 30 == sum(each.get("status_not_counted", 0) for each in found)
    async with engine.connect() as connection:
        owed = (await connection.execute(select(contributions.c.event_id))).scalars().all()
        signed = (await connection.execute(select(interventions))).all()
    assert (sorted(f"act-{number}" for number in range(30)), 30) == (sorted(owed), len(signed))
    assert (await take_census(engine)).balances


@pytest.mark.parametrize(
    ("states", "changes", "different"),
    [
        ([_bet("ACCEPTED"), _bet("SETTLED", type="RollbackBet")], TAKEN_BACK,
         {"other_reason": {"status_not_counted, now rollback": 1}}),
        ([_bet("PENDING"), _bet("ACCEPTED"), _bet("SETTLED", type="RollbackBet")],
         TAKEN_BACK, {"other_reason": {"status_not_counted, now rollback": 1}}),
        ([_bet("PENDING"), _bet("ACCEPTED"), _bet("SETTLED", vendor_name="other")],
         OURS, {"other_reason": {"status_not_counted, now contribution_event": 1}}),
        ([_bet("PENDING"), _bet("SETTLED")], {}, {}),
    ],
    ids=["taken back behind what would count", "taken back behind another", "a contribution's own", "none counts"],
)  # fmt: skip
async def test_nothing_is_released_of_what_never_counts(
    database_url: str,
    engine: AsyncEngine,
    gateway: Running,
    states: list[bytes],
    changes: dict[str, str],
    different: dict[str, Any],
) -> None:
    async with connected(database_url, gateway, _section(MISTAKEN)) as service:
        assert {"ignored"} == set(await _told(service, *states))

    assert different == await _compared(database_url, **changes)
    assert {} == await _released(database_url, **changes)
    assert (0, {}) == ((await take_census(engine)).owed, await _released(database_url, **changes))


async def test_a_rollback_that_stands_is_not_released_for_what_it_replaced(database_url: str, gateway: Running) -> None:
    section = _section(MISTAKEN | {"rollback_event_types": ["RollbackBet"]})
    async with connected(database_url, gateway, section) as service:
        await _told(service, _bet("ACCEPTED"), _bet("SETTLED", type="RollbackBet"))

    assert {"other_reason": {"rollback, now event_type_not_counted": 1}} == await _compared(database_url)
    assert {} == await _released(database_url)


async def test_the_same_configuration_decides_the_same_whatever_is_kept(database_url: str, gateway: Running) -> None:
    async with connected(
        database_url, gateway, _section(MENDED | {"rollback_event_types": ["RollbackBet"]})
    ) as service:
        for name, *states in (
            ("counts", "PENDING", "SETTLED", "ACCEPTED", "ARCHIVED"),
            ("does not", "PENDING", "SETTLED"),
        ):
            await _told(service, *(_bet(status, name) for status in states))
        await _told(service, _bet("ACCEPTED", "bonus", amount=0, bonus_wager_amount=1), _bet("PENDING", "bonus"))
        await _told(service, _bet("ACCEPTED", "bonus", type="RollbackBet"))

    assert {} == await _compared(database_url, **TAKEN_BACK)
