"""`feeds compare`: a changed configuration, and the events that are stored."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from app.cli.command import command
from app.ledger.tables import contributions, events
from tests import examples
from tests.acceptance.service import Service, running
from tests.examples import Running

TOKEN = "open-sesame-1"
BET = "FEEDS__BET__"
ON = {f"{BET}ENABLED": "true", f"{BET}WEBHOOK_SECRETS": examples.SECRET}
WINS_COUNT = {f"{BET}EVENT_TYPES": '["BET", "WIN"]'}
FOUND = {f"{BET}FIELDS__PROVIDER_ID": "provider_id"}
WHY = ("--since", "1h", "--reason", "wins were left out, ticket 4711", "--by", "ada")
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command of `feeds` in this process, on the test's database, with settings changed."""

    async def invoke(*arguments: str, **changes: str) -> Result:
        with monkeypatch.context() as patch:
            for name, value in examples.environment(DATABASE_URL=database_url, **(ON | changes)).items():
                patch.setenv(name, value)
            return await asyncio.to_thread(CliRunner().invoke, command, ["feeds", *arguments])

    return invoke


@pytest.fixture
async def recorded(engine: AsyncEngine, database_url: str, gateway: Running) -> AsyncEngine:
    """A ledger with one event of each kind, recorded by the service, and nothing sent yet."""
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url)
    async with running(settings, dispatch=False) as service:
        await _post(service, "bet", player_token=TOKEN)
        await _post(service, "win", event_type="WIN", player_token=TOKEN)
        await _post(service, "rollback", event_type="BET_ROLLBACK")
        await _post(service, "small", amount="0.10")
        await _post(service, "debit", provider_id="thrilltech")
        await _post(service, "won-debit", event_type="WIN", provider_id="thrilltech")
    return engine


async def _post(service: Service, event_id: str, **changes: Any) -> None:
    assert 202 == (await service.post("bet", examples.bet(event_id=event_id, **changes))).status_code


async def _rows(engine: AsyncEngine) -> dict[str, Any]:
    async with engine.connect() as connection:
        return {row.event_id: row for row in await connection.execute(select(contributions))}


async def _ignored(engine: AsyncEngine) -> dict[str, str | None]:
    async with engine.connect() as connection:
        return {row.event_id: row.ignored for row in await connection.execute(select(events))}


def _different(done: Result) -> Any:
    return json.loads(done.stdout)["different"]


@pytest.mark.usefixtures("recorded")
async def test_the_same_configuration_decides_the_same(run: Run) -> None:
    done = await run("compare", "--json")

    assert (0, {"compared": 6, "same": 6, "different": {}, "examples": []}) == (done.exit_code, json.loads(done.stdout))
    assert "compared 6: 6 would be decided as they were\n" == (await run("compare", "bet")).stdout


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (WINS_COUNT, {"would_count": {"event_type_not_counted": 1}}),
        ({f"{BET}MINIMUM_AMOUNT": "1.00"}, {"would_be_ignored": {"below_minimum": 1}}),
        ({f"{BET}ROLLBACK_EVENT_TYPES": '["WIN"]'},
         {"other_reason": {"event_type_not_counted, now rollback": 1, "rollback, now event_type_not_counted": 1}}),
        ({f"{BET}RULES": '[{"source_id": "all"}]'}, {"other_sources": {"all": 2}}),
        ({f"{BET}AMOUNT_SCALE": "2"}, {"other_contribution": {"base_wager": 2}}),
        ({"OPERATOR_ID": "acme"}, {"other_contribution": {"brand_id, id": 2}}),
        (FOUND | {f"{BET}FIELDS__EVENT_ID": "round_id"}, {"other_key": {"all": 6}}),
        (FOUND | {f"{BET}FIELDS__PLAYER_ID": "user.id"}, {"refused": {"invalid-event": 6}}),
        ({"BRANDS": '["elsewhere"]'}, {"refused": {"unknown-brand": 6}}),
        ({f"{BET}ENABLED": "false"}, {"no_feed": {"all": 6}}),
    ],
    ids=str,
)  # fmt: skip
async def test_what_a_changed_configuration_decides_differently_is_counted(
    changes: dict[str, str], expected: Any, run: Run
) -> None:
    done = await run("compare", "--json", "--examples", "0", **changes)

    assert (1, expected) == (done.exit_code, _different(done)), done.output


async def test_comparing_writes_nothing(recorded: AsyncEngine, run: Run) -> None:
    before = await _ignored(recorded), await _rows(recorded)

    await run("compare", **WINS_COUNT)

    assert before == (await _ignored(recorded), await _rows(recorded))


@pytest.mark.usefixtures("recorded")
async def test_examples_have_both_decisions_and_no_token(run: Run) -> None:
    changes = WINS_COUNT | {f"{BET}MINIMUM_AMOUNT": "1.00"}
    done, read = await run("compare", "--json", **changes), await run("compare", **changes)

    small, win = sorted(json.loads(done.stdout)["examples"], key=lambda each: str(each["event_id"]))
    assert ("win", "event_type_not_counted", "book-of-examples", '"token": "***"') == (
        win["event_id"],
        win["was"]["ignored"],
        win["now"]["contributions"][0]["source_id"],
        win["now"]["contributions"][0]["body"][1:15],
    )
    assert ("small", "below_minimum", []) == (
        small["event_id"],
        small["now"]["ignored"],
        small["now"]["contributions"],
    )
    assert '"base_wager": 0.10' in small["was"]["contributions"][0]["body"]
    for part in ("would count: 1 (event_type_not_counted 1)", "would be ignored: bet brand1 small", "now  ignored: "):
        assert part in read.stdout
    assert TOKEN not in done.stdout + read.stdout


@pytest.mark.usefixtures("recorded")
async def test_a_refusal_is_shown_by_its_mistakes(run: Run) -> None:
    done = await run("compare", "--examples", "1", **FOUND, **{f"{BET}FIELDS__PLAYER_ID": "user.id"})

    assert "would be refused: 6 (invalid-event 6)\n" in done.stdout
    assert "/user" in done.stdout


async def test_a_period_and_a_feed_are_compared_alone(recorded: AsyncEngine, run: Run) -> None:
    async with recorded.connect() as connection:
        await connection.execute(text("update events set received_at = now() - interval '8 days'"))

    counted = [
        json.loads((await run("compare", *arguments, "--json")).stdout)["compared"]
        for arguments in ((), ("--since", "9d"), ("--since", "9d", "--until", "8d"), ("deposit", "--since", "9d"))
    ]
    assert [0, 6, 6, 0] == counted
