"""`feeds compare` and `feeds release`: a changed configuration, and the events that are stored."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from app.cli.command import command
from app.ledger.census import take_census
from app.ledger.tables import contributions, events, interventions
from tests import examples
from tests.acceptance.service import Service, running
from tests.examples import Running

TOKEN = "open-sesame-1"
BET = "FEEDS__BET__"
ON = {f"{BET}ENABLED": "true", f"{BET}WEBHOOK_SECRETS": examples.SECRET}
WINS_COUNT = {f"{BET}EVENT_TYPES": '["BET", "WIN"]'}
FOUND = {f"{BET}FIELDS__PROVIDER_ID": '{"path": "provider_id", "default": "none"}'}
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
        await _post(service, "small", amount="1")
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
async def test_a_feed_that_nobody_knows_is_refused(run: Run) -> None:
    done = await run("compare", "depositt")
    told = " ".join(done.stderr.replace("│", "").split())

    assert (2, "") == (done.exit_code, done.stdout)
    assert "there is no feed depositt, and no event of one; did you mean deposit?" in told


@pytest.mark.usefixtures("recorded")
async def test_a_feed_is_known_by_its_events_and_by_its_section(run: Run) -> None:
    other = {"FEEDS__CASINO__KIND": "bet", "FEEDS__CASINO__ENABLED": "false", "FEEDS__BET__ENABLED": "false"}

    assert ["compared 0: 0 would be decided as they were\n"] * 2 == [
        (await run("compare", feed, **other)).stdout for feed in ("casino", "deposit")
    ]
    assert {"no_feed": {"all": 6}} == _different(await run("compare", "bet", "--json", **other))


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (WINS_COUNT, {"would_count": {"event_type_not_counted": 1}}),
        ({f"{BET}MINIMUM_AMOUNT": "2.00"}, {"would_be_ignored": {"below_minimum": 1}}),
        ({f"{BET}ROLLBACK_EVENT_TYPES": '["WIN"]'},
         {"other_reason": {"event_type_not_counted, now rollback": 1, "rollback, now event_type_not_counted": 1}}),
        ({f"{BET}RULES": '[{"source_id": "all"}]'}, {"other_sources": {"all": 2}}),
        ({f"{BET}AMOUNT_SCALE": "2"}, {"other_contribution": {"base_wager": 1}, "refused": {"invalid-event": 5}}),
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
    changes = WINS_COUNT | {f"{BET}MINIMUM_AMOUNT": "2.00"}
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
    assert '"base_wager": 1}' in small["was"]["contributions"][0]["body"]
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


async def test_without_yes_it_is_said_what_would_be_released_and_nothing_done(recorded: AsyncEngine, run: Run) -> None:
    before = await _ignored(recorded), await _rows(recorded)

    done = await run("release", "bet", "--since", "1h", **WINS_COUNT)

    assert (0, before) == (done.exit_code, (await _ignored(recorded), await _rows(recorded)))
    assert done.stdout.startswith("would release 1: event_type_not_counted 1; contributions owed: 1\n")
    assert "would count: bet brand1 win, received " in done.stdout
    assert TOKEN not in done.stdout


async def test_what_would_count_now_is_released_and_contributes_once(
    recorded: AsyncEngine, database_url: str, gateway: Running, run: Run
) -> None:
    first = await run("release", "bet", "--yes", *WHY, **WINS_COUNT)
    second = await run("release", "bet", "--yes", "--json", *WHY, **WINS_COUNT)

    assert (0, True) == (first.exit_code, first.stdout.startswith("released 1: event_type_not_counted 1; "))
    assert (0, {}, 0) == (second.exit_code, json.loads(second.stdout)["released"], json.loads(second.stdout)["left"])
    debits = {"debit": "contribution_event", "won-debit": "contribution_event"}
    assert {"bet": None, "win": None, "small": None, "rollback": "rollback"} | debits == await _ignored(recorded)
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url)
    async with running(settings) as service:

        async def contributed() -> bool:
            return await service.metric("contributions_settled_total", status="contributed") == 3

        await examples.eventually(contributed)
        again = await service.post("bet", examples.bet(event_id="win", event_type="WIN", player_token=TOKEN))

    assert {"event_id": "win", "status": "accepted", "contributions": 1} == again.json()
    assert "true" == again.headers["idempotent-replayed"]
    calls = Counter(call.idempotency_key for call in gateway.simulator.account.calls)
    assert {str(row.id): 1 for row in (await _rows(recorded)).values()} == calls
    assert (await take_census(recorded)).balances


async def test_a_released_contribution_tells_who_released_it(recorded: AsyncEngine, run: Run) -> None:
    await run("release", "bet", "--yes", *WHY, **WINS_COUNT)
    released = str((await _rows(recorded))["win"].id)

    shown = await asyncio.to_thread(
        CliRunner().invoke, command, ["contributions", "show", released], env=_environment(recorded)
    )

    assert "release by ada: wins were left out, ticket 4711\n  its event was ignored: event_type_not_counted\n" in (
        shown.stdout
    )


def _environment(engine: AsyncEngine) -> dict[str, str]:
    return examples.environment(
        DATABASE_URL=engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    )


@pytest.mark.parametrize("loop", ['["nobody"]'])
async def test_what_was_a_contributions_own_event_is_not_released_though_its_mark_is_gone(
    loop: str, recorded: AsyncEngine, run: Run
) -> None:
    changes = WINS_COUNT | {"CONTRIBUTION_EVENTS__PROVIDER_IDS": loop}
    compared = await run("compare", "--json", **changes)
    done = await run("release", "bet", "--yes", *WHY, **changes)

    assert {"contribution_event": 2, "event_type_not_counted": 1} == _different(compared)["would_count"]
    assert done.stdout.startswith("released 1: event_type_not_counted 1; ")
    assert {"bet", "small", "win"} == (await _rows(recorded)).keys()
    refused = await run("release", "bet", "--yes", "--ignored", "contribution_event", *WHY, **changes)
    assert (2, "") == (refused.exit_code, refused.stdout)


async def test_what_is_now_marked_as_a_contributions_own_is_not_released(recorded: AsyncEngine, run: Run) -> None:
    changes = WINS_COUNT | {"CONTRIBUTION_EVENTS__GAME_CODES": '["book-of-*"]'}

    done = await run("release", "bet", "--yes", *WHY, **changes)

    assert "released 0\nleft as they are, since they would not count now either: 2\n" == done.stdout
    assert {"bet", "small"} == (await _rows(recorded)).keys()


@pytest.mark.parametrize(
    ("options", "released"),
    [
        (("--event", "win"), {"win"}),
        (("--event", "bet"), set()),
        (("--ignored", "rollback"), {"rollback"}),
        (("--ignored", "rollback", "--ignored", "event_type_not_counted"), {"win", "rollback"}),
        (("--until", "30m"), set()),
    ],
)
async def test_a_release_is_narrowed(
    recorded: AsyncEngine, run: Run, options: tuple[str, ...], released: set[str]
) -> None:
    everything = {f"{BET}EVENT_TYPES": '["BET", "WIN", "BET_ROLLBACK"]', f"{BET}ROLLBACK_EVENT_TYPES": '["NONE"]'}

    await run("release", "bet", "--yes", *WHY, *options, **everything)

    assert {"bet", "small"} | released == (await _rows(recorded)).keys()


async def test_what_others_are_changing_is_left_and_an_exit_status(
    recorded: AsyncEngine, other_engine: AsyncEngine, run: Run
) -> None:
    async with other_engine.connect() as other:
        await other.execution_options(isolation_level="READ COMMITTED")
        async with other.begin():
            await other.execute(text("select from events where event_id = 'win' for update"))

            done = await run("release", "bet", "--yes", *WHY, **WINS_COUNT)

    assert 1 == done.exit_code
    assert "released 0\n" in done.stdout
    assert "left, since they were being changed meanwhile: 1; run it again\n" in done.stdout
    assert {"bet", "small"} == (await _rows(recorded)).keys()


@pytest.mark.parametrize(
    "arguments",
    [
        ("bet", "--since", "1h"),
        ("bet", "--reason", "why"),
        ("nothing", *WHY),
        ("bet", "--ignored", "weather", *WHY),
        (),
    ],
)
async def test_a_release_that_is_not_wholly_said_is_refused(run: Run, arguments: tuple[str, ...]) -> None:
    assert (2, "") == ((done := await run("release", *arguments, "--yes")).exit_code, done.stdout)


async def test_real_processes_at_once_release_each_event_once(
    engine: AsyncEngine, database_url: str, gateway: Running
) -> None:
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url)
    async with running(settings, dispatch=False) as service:
        for number in range(50):
            await _post(service, f"win-{number}", event_type="WIN")
    environment = examples.environment(DATABASE_URL=database_url, **ON, **WINS_COUNT)

    outcomes = await asyncio.gather(
        *(_command("release", "bet", "--yes", "--json", *WHY, **environment) for _ in "123")
    )

    assert {""} == {errors for _, errors in outcomes}
    assert 50 == sum(json.loads(output)["contributions"] for output, _ in outcomes)
    async with engine.connect() as connection:
        signed = (await connection.execute(select(interventions.c.contribution_id))).all()
    assert {row.id for row in (await _rows(engine)).values()} == {row.contribution_id for row in signed}
    assert (50, True) == (len(signed), (await take_census(engine)).balances)


async def _command(*arguments: str, **environment: str) -> tuple[str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "feeds", *arguments), stdout=PIPE, stderr=PIPE, env=os.environ | environment
    )
    output, errors = await process.communicate()
    return output.decode(), errors.decode()
