"""The commands for hands on the ledger, as a person runs them."""

import asyncio
import getpass
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from app.cli.command import command
from app.domain.intervention import Replay, Signature
from app.domain.settlement import Status
from app.ledger.census import take_census
from app.ledger.hands import intervene, survey
from app.ledger.inbox import Inbox
from app.ledger.selection import Selection
from app.ledger.tables import contributions, interventions
from tests import examples
from tests.acceptance.service import running
from tests.examples import Running

TOKEN = "open-sesame-1"
WHY = ("--reason", "the jackpot was paused by mistake", "--by", "ada")
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in this process, on the test's database."""
    for name, value in examples.environment(DATABASE_URL=database_url).items():
        monkeypatch.setenv(name, value)

    async def invoke(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, command, list(arguments))

    return invoke


async def _put(engine: AsyncEngine, **statuses: str) -> dict[str, str]:
    """A contribution in each status, by its event's id; gives their ids."""
    for event_id, status in statuses.items():
        await Inbox(engine).record(examples.entry(event_id, player_token=TOKEN))
        async with engine.begin() as connection:
            await connection.execute(
                text(
                    "update contributions set status = :status, gateway_status = 422, body = :body,"
                    " gateway_response = 'no session open-sesame-1',"
                    " settled_at = case when :status <> 'pending' then now() end where event_id = :event_id"
                ),
                {"status": status, "event_id": event_id, "body": json.dumps({"token": TOKEN, "base_wager": 2.5})},
            )
    return {row.event_id: str(row.id) for row in await _rows(engine)}


async def _rows(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.execute(select(contributions).order_by(contributions.c.id)))


async def _statuses(engine: AsyncEngine) -> dict[str, str]:
    return {row.event_id: row.status for row in await _rows(engine)}


async def _interventions(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.execute(select(interventions).order_by(interventions.c.id)))


async def test_a_list_names_ids_whole_and_says_how_many_more_there_are(engine: AsyncEngine, run: Run) -> None:
    long = "e" * 150
    ids = await _put(engine, **{long: "declined", "two": "declined", "three": "unknown"})

    everything, some = await run("contributions", "list"), await run("contributions", "list", "--limit", "1")

    assert all(text in everything.stdout for text in (*ids.values(), long))
    assert "more" not in everything.stdout
    assert "and 2 more" in some.stdout


async def test_a_list_for_scripts_is_one_json_document(engine: AsyncEngine, run: Run) -> None:
    ids = await _put(engine, one="declined", two="unknown")

    done = await run("contributions", "list", "--json", "--status", "unknown", "--since", "1h")

    document = json.loads(done.stdout)
    (listed,) = document["contributions"]
    assert ({"id": ids["two"], "status": "unknown", "gateway_status": 422}.items() <= listed.items(), 0) == (
        True,
        document["more"],
    )


async def test_a_terminal_is_given_nothing_to_obey(engine: AsyncEngine, run: Run) -> None:
    await _put(engine, **{"bet\N{RIGHT-TO-LEFT OVERRIDE}\x9b31m[red]": "declined"})

    done = await run("contributions", "list")

    assert "bet\\u202e\\x9b31m[red]" in done.stdout


async def test_show_has_everything_but_the_players_token(engine: AsyncEngine, run: Run) -> None:
    ids = await _put(engine, one="declined")
    await run("contributions", "replay", ids["one"], *WHY)

    for form in ((), ("--json",)):
        done = await run("contributions", "show", ids["one"], *form)
        assert done.exit_code == 0
        assert TOKEN not in done.stdout
        for part in (
            ids["one"],
            "pending",
            "no session ***",
            "base_wager",
            "book-of-examples",
            "ada",
            WHY[1],
            "declined",
        ):
            assert part in done.stdout

    asked = await run("contributions", "show", ids["one"], "--json", "--show-tokens")
    history = json.loads(asked.stdout)
    assert {"token": TOKEN, "base_wager": 2.5} == json.loads(history["body"])
    assert TOKEN == json.loads(history["payload"])["player_token"]
    assert [("replay", "declined", 422)] == [
        (each["action"], each["status"], each["gateway_status"]) for each in history["interventions"]
    ]


async def test_an_unknown_id_is_one_line(run: Run) -> None:
    unknown = str(uuid4())
    done = await run("contributions", "show", unknown)

    assert (1, "", f"contributions: there is no contribution {unknown}\n") == (
        done.exit_code,
        done.stdout,
        done.stderr,
    )


@pytest.mark.parametrize("action", ["replay", "discard"])
async def test_nothing_selected_is_not_everything(engine: AsyncEngine, run: Run, action: str) -> None:
    await _put(engine, one="declined")

    done = await run("contributions", action, *WHY)

    assert (2, "", 1) == (done.exit_code, done.stdout, len(done.stderr.splitlines()))
    assert {"one": "declined"} == await _statuses(engine)


@pytest.mark.parametrize("action", [("contributions", "replay", "--feed", "bet"), ("pause",), ("resume",)])
async def test_nothing_is_done_without_a_reason(run: Run, action: tuple[str, ...]) -> None:
    assert (await run(*action)).exit_code == 2
    assert (await run(*action, "--reason", " ")).exit_code == 2
    assert (await run(*action, "--reason", "\udcff")).exit_code == 2


async def test_a_dry_run_says_what_would_be_done_and_does_nothing(engine: AsyncEngine, run: Run) -> None:
    ids = await _put(engine, one="declined", two="expired", three="contributed", four="unknown")
    before = await _rows(engine)

    done = await run("contributions", "replay", "--feed", "bet", "--dry-run", *WHY)

    assert (0, before, []) == (done.exit_code, await _rows(engine), await _interventions(engine))
    assert done.stdout.startswith(
        "would replay 2: declined 1, expired 1\nleft as they are: contributed 1\n"
        "left, since they may be at the Gateway: unknown 1\n"
    )
    assert (True, True, False) == (ids["one"] in done.stdout, ids["two"] in done.stdout, ids["three"] in done.stdout)


async def test_a_replay_by_filter_does_what_is_safe_and_names_the_rest(engine: AsyncEngine, run: Run) -> None:
    await _put(engine, one="declined", two="contributed", three="unknown", four="pending")

    done = await run("contributions", "replay", "--brand", "brand1", *WHY)

    after = {"one": "pending", "two": "contributed", "three": "unknown", "four": "pending"}
    assert (0, after) == (done.exit_code, await _statuses(engine))
    assert (
        "replayed 1: declined 1\nleft as they are: pending 1, contributed 1\n"
        "left, since they may be at the Gateway: unknown 1\n"
    ) == done.stdout
    assert [("replay", "ada", WHY[1])] == [(row.action, row.actor, row.reason) for row in await _interventions(engine)]


async def test_what_may_be_at_the_gateway_takes_an_assertion(engine: AsyncEngine, run: Run) -> None:
    ids = await _put(engine, one="unknown", two="declined")
    refused = [
        await run("contributions", "replay", *selected, *WHY)
        for selected in (
            (ids["one"],),
            (ids["one"], ids["two"]),
            ("--status", "unknown"),
            ("--feed", "bet", "--not-at-gateway"),
            ("--status", "unknown", "--not-at-gateway"),
        )
    ]

    assert [(2, "", 1)] * 5 == [(done.exit_code, done.stdout, len(done.stderr.splitlines())) for done in refused]
    assert {"one": "unknown", "two": "declined"} == await _statuses(engine)

    done = await run("contributions", "replay", ids["one"], "--not-at-gateway", *WHY)

    assert (0, "replayed 1: unknown 1\n") == (done.exit_code, done.stdout)
    assert {"one": "pending", "two": "declined"} == await _statuses(engine)


async def test_what_a_person_discarded_is_not_replayed_by_the_way(engine: AsyncEngine, run: Run) -> None:
    ids = await _put(engine, one="declined", two="declined")
    await run("contributions", "discard", ids["one"], *WHY)

    done = await run("contributions", "replay", "--brand", "brand1", *WHY)

    assert "replayed 1: declined 1\nleft as they are: discarded 1\n" == done.stdout
    assert {"one": "discarded", "two": "pending"} == await _statuses(engine)


async def test_a_discarded_unknown_takes_the_same_assertion(engine: AsyncEngine, run: Run) -> None:
    ids = await _put(engine, one="unknown")
    await run("contributions", "discard", ids["one"], *WHY)

    refused = await run("contributions", "replay", ids["one"], *WHY)
    left = await run("contributions", "replay", "--status", "discarded", *WHY)
    assert (2, 0, {"one": "discarded"}) == (refused.exit_code, left.exit_code, await _statuses(engine))
    assert "discarded 1" in left.stdout

    done = await run("contributions", "replay", ids["one"], "--not-at-gateway", *WHY)
    assert (0, {"one": "pending"}) == (done.exit_code, await _statuses(engine))


async def test_where_the_gateway_deduplicates_unknown_ones_may_be_replayed(
    engine: AsyncEngine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENT_PROCESSOR_GATEWAY__DEDUPLICATES", "true")
    await _put(engine, one="unknown")

    done = await run("contributions", "replay", "--status", "unknown", *WHY)

    assert (0, {"one": "pending"}) == (done.exit_code, await _statuses(engine))


async def test_an_id_that_was_left_alone_is_an_exit_status(engine: AsyncEngine, run: Run) -> None:
    ids = await _put(engine, one="contributed", two="declined")

    left = await run("contributions", "discard", ids["one"], ids["two"], str(uuid4()), *WHY)

    assert (1, "discarded 1: declined 1\nleft as they are: contributed 1\nnot found: 1\n") == (
        left.exit_code,
        left.stdout,
    )


async def test_a_rate_spreads_a_replay(engine: AsyncEngine, run: Run) -> None:
    await _put(engine, one="declined", two="declined", three="declined")

    await run("contributions", "replay", "--status", "declined", "--rate", "30/m", *WHY)

    due = [row.next_attempt_at for row in await _rows(engine)]
    assert [2.0, 2.0] == [(later - earlier).total_seconds() for earlier, later in pairwise(due)]


@pytest.mark.parametrize(
    "options",
    [
        ("--rate", "0"),
        ("--rate", "fast"),
        ("--since", "yesterday"),
        ("--until", "0h"),
        ("--status", "lost"),
        ("--gateway-status", "9"),
        ("no-id",),
    ],
)
async def test_what_makes_no_sense_is_refused(engine: AsyncEngine, run: Run, options: tuple[str, ...]) -> None:
    await _put(engine, one="declined")

    assert (await run("contributions", "replay", "--feed", "bet", *options, *WHY)).exit_code == 2
    assert {"one": "declined"} == await _statuses(engine)


async def test_pausing_says_whose_pause_stands(run: Run) -> None:
    first = await run("pause", "--reason", "maintenance", "--by", "ada")
    second = await run("pause", "--reason", "so I heard", "--by", "bob")
    resumed, again = await run("resume", "--reason", "done"), await run("resume", "--reason", "done")

    assert {0} == {done.exit_code for done in (first, second, resumed, again)}
    assert "by ada: maintenance" in second.stdout
    assert ("forwarding is resumed\n", "forwarding is not paused\n") == (resumed.stdout, again.stdout)


async def _command(*arguments: str, **environment: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", *arguments), stdout=PIPE, stderr=PIPE, env=os.environ | environment
    )
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def test_real_processes_at_once_replay_each_contribution_once(engine: AsyncEngine, database_url: str) -> None:
    await _put(engine, **{f"bet-{number}": "declined" for number in range(50)})
    settings = examples.environment(DATABASE_URL=database_url)
    replay = ("contributions", "replay", "--status", "declined", "--reason", "the jackpot was paused by mistake")

    outcomes = await asyncio.gather(*(_command(*replay, **settings) for _ in range(3)))

    assert {""} == {errors for _, _, errors in outcomes}
    assert 50 == sum(int(output.split()[1].rstrip(":")) for _, output, _ in outcomes)
    signed = await _interventions(engine)
    assert {row.id: 1 for row in await _rows(engine)} == Counter(row.contribution_id for row in signed)
    assert {getpass.getuser()} == {row.actor for row in signed}


async def test_a_ledger_that_is_not_to_be_had_is_one_line(empty_database_url: str) -> None:
    settings = examples.environment(DATABASE_URL=empty_database_url)

    for arguments in (("contributions", "list"), ("pause", "--reason", "maintenance")):
        status, output, errors = await _command(*arguments, **settings)
        assert (3, "", 1) == (status, output, len(errors.splitlines()))
        assert "run event-processor migrate" in errors


async def test_each_replay_while_dispatchers_settle_is_one_call_more(
    engine: AsyncEngine, database_url: str, gateway: Running
) -> None:
    """Neither a replay that is lost nor a call that nobody asked for, however they meet."""
    gateway.simulator.faults = gateway.simulator.faults.changed({"declined": 0.8})
    await asyncio.gather(*(Inbox(engine).record(examples.entry(f"bet-{number}")) for number in range(40)))
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url)

    async def replayed() -> bool:
        await asyncio.gather(*(_replay(engine) for _ in range(3)))
        return len(await _interventions(engine)) >= 60

    async def settled() -> bool:
        counted = (await take_census(engine)).by_status
        return not counted[Status.PENDING] + counted[Status.IN_FLIGHT]

    async with running(settings, receive=False), running(settings, receive=False):
        await examples.eventually(replayed)
        await examples.eventually(settled)

    replays = Counter(str(row.contribution_id) for row in await _interventions(engine))
    calls = Counter(call.idempotency_key for call in gateway.simulator.account.calls)
    assert {str(row.id): 1 + replays[str(row.id)] for row in await _rows(engine)} == calls
    assert gateway.simulator.account.twice() == []


async def _replay(engine: AsyncEngine) -> None:
    found = await survey(engine, Selection(feed="bet"), Replay())
    signature = Signature(actor="ada", reason="the jackpot was paused by mistake")
    async for _ in intervene(engine, Selection(feed="bet"), Replay(), signature, taken_at=found.taken_at):
        pass
