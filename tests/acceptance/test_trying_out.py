"""`event-processor feeds list` and `feeds test`, without a server and without a database."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from anyio import Path as AsyncPath
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from app.cli.command import command
from app.ledger.tables import contributions
from tests import examples, samples
from tests.acceptance.service import Service, running
from tests.acceptance.test_cloud_events import cloud_event
from tests.examples import Running

TOKEN = "open-sesame-1"
SECRET_ON = {"FEEDS__BET__ENABLED": "true", "FEEDS__BET__WEBHOOK_SECRETS": examples.SECRET}


@pytest.fixture(autouse=True)
def _configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is not there: none is needed."""
    unreachable = "postgresql://nobody@127.0.0.1:9/nowhere"
    for name, value in examples.environment(DATABASE_URL=unreachable, **SECRET_ON).items():
        monkeypatch.setenv(name, value)


def run(*arguments: str, content: bytes = b"") -> Result:
    return CliRunner().invoke(command, ["feeds", *arguments], input=content)


def tried(*payloads: dict[str, Any], feed: str = "bet") -> tuple[int, list[Any]]:
    """The exit status and the outcomes for a payload, or an array of them."""
    done = run("test", feed, "--json", content=json.dumps(payloads if len(payloads) > 1 else payloads[0]).encode())
    return done.exit_code, json.loads(done.stdout)["items"]


def test_feeds_are_listed_without_their_secrets() -> None:
    done = run("list", "--json")

    expected = {"name": "bet", "kind": "bet", "path": "/events/bet", "authentication": "Standard Webhooks"}
    assert (0, [expected]) == (done.exit_code, json.loads(done.stdout))
    assert "/events/bet" in run("list").stdout
    assert examples.SECRET not in done.stdout + run("list").stdout


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("api_keys", "API key, as a bearer token"),
        ("basic", "Basic"),
        ("header", "API key in X-Key"),
        ("signature", "hmac-sha256 signature in X-Signature"),
        ("insecure", "none: anybody may post"),
    ],
)
def test_how_senders_authenticate_is_said_in_words(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = samples.API_KEY
    feeds = {
        "api_keys": {"api_keys": [key]},
        "basic": {"basic_users": [f"user:{key}"]},
        "header": {"api_keys": [key], "api_key_header": "X-Key"},
        "signature": {"signature": {"secrets": [key]}},
        "insecure": {"insecure": True},
    }
    Path("feeds.toml").write_text(_toml({"feeds": {"bet": feeds[name]}}), encoding="utf-8")
    monkeypatch.delenv("EVENT_PROCESSOR_FEEDS__BET__WEBHOOK_SECRETS")
    monkeypatch.setenv("EVENT_PROCESSOR_CONFIG", "feeds.toml")

    done = run("list", "--json")

    assert text.lower() == json.loads(done.stdout)[0]["authentication"].lower()


def _toml(sections: dict[str, Any], prefix: str = "") -> str:
    """Settings by their dotted names."""
    lines = ""
    for name, value in sections.items():
        lines += _toml(value, f"{prefix}{name}.") if isinstance(value, dict) else f"{prefix}{name} = {_value(value)}\n"
    return lines


def _value(value: Any) -> str:
    return json.dumps(value)


async def test_what_it_shows_is_what_the_service_records(
    engine: AsyncEngine, database_url: str, gateway: Running
) -> None:
    """The id, the source and the body, to the byte but for the token."""
    payload = examples.bet(player_token=TOKEN, amount=Decimal("12345678901234567.891"))
    text = json.dumps(payload, default=str)
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url)) as service:
        await service.post_body("bet", text.encode())
    async with engine.connect() as connection:
        row = (await connection.execute(select(contributions))).one()

    await AsyncPath("payload.json").write_text(text, encoding="utf-8")
    done = run("test", "bet", "payload.json", "--json")
    (outcome,) = json.loads(done.stdout)["items"]

    expected = {"id": str(row.id), "source_id": row.source_id, "body": row.body.replace(TOKEN, "***")}
    assert ("counted", [expected]) == (outcome["outcome"], outcome["contributions"])
    assert TOKEN not in done.stdout + run("test", "bet", "payload.json").stdout


def test_the_event_is_shown_by_our_names() -> None:
    status, (outcome,) = tried(examples.bet(player_token=TOKEN))

    expected = {
        "event_id": "bet-1",
        "brand_id": "brand1",
        "event_type": "BET",
        "player_id": "player-1",
        "player_token": "***",
        "game_code": "book-of-examples",
        "round_id": "round-1",
        "amount": "2.50",
        "currency": "EUR",
        "occurred_at": "2026-11-22T12:00:00+00:00",
    }
    assert (0, expected) == (status, outcome["event"])


def test_an_ignored_payload_is_told_why() -> None:
    status, (outcome,) = tried(examples.bet(event_type="WIN"))

    assert (0, "ignored", "event_type_not_counted", []) == (
        status,
        outcome["outcome"],
        outcome["reason"],
        outcome["contributions"],
    )
    assert "event_type WIN is none of event_types: bet" in outcome["why"]


async def test_a_refusal_is_the_answer_that_the_service_gives(database_url: str, gateway: Running) -> None:
    wrong = [
        json.dumps(examples.bet(amount=-1, currency="eur", player_id=7)).encode(),
        json.dumps(examples.bet(brand_id="elsewhere")).encode(),
        b'{"a": 1, "a": 2}',
        b"[1, 2",
        b'{"note": "' + b"x" * 70_000 + b'"}',
    ]
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url)) as service:
        answers = [(await service.post_body("bet", body)).json() for body in wrong]

    for body, answer in zip(wrong, answers, strict=True):
        done = run("test", "bet", "-", "--json", content=body)
        (outcome,) = json.loads(done.stdout)["items"]
        assert (1, {"outcome": "refused", "problem": answer}) == (done.exit_code, outcome)


def test_each_item_of_an_array_is_tried_alone() -> None:
    status, outcomes = tried(examples.bet(), examples.bet(amount="1e3"), examples.bet(event_type="rollback"))

    assert (1, ["counted", "refused", "ignored"]) == (status, [each["outcome"] for each in outcomes])
    assert ["/amount"] == [each["pointer"] for each in outcomes[1]["problem"]["errors"]]


def test_a_person_reads_the_same() -> None:
    payloads = [examples.bet(player_id="one\x1b[31m"), examples.bet(event_type="WIN"), examples.bet()]
    done = run("test", "bet", content=json.dumps(payloads).encode())

    assert 1 == done.exit_code
    for text in (
        "[0] refused: 422 The event does not match the schema: 1 mistake",
        "  /player_id ",
        "[1] ignored: event_type_not_counted: event_type WIN is none",
        "[2] counted",
        '"base_wager": 2.50}',
        "3 payloads: 1 counted, 1 ignored, 1 refused",
    ):
        assert text in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("name", samples.names("platforms"))
def test_platforms_are_tried_out_by_their_configuration_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (feed,) = samples.configuration(f"platforms/{name}")["feeds"]
    monkeypatch.setenv("EVENT_PROCESSOR_BRANDS", '["brand1", "brand2"]')
    monkeypatch.setenv("EVENT_PROCESSOR_CONFIG", str(samples.FOLDER / f"platforms/{name}.toml"))

    done = run("test", feed, str(samples.FOLDER / f"platforms/{name}.json"))

    assert (0, True) == (done.exit_code, "\ncontribution " in done.stdout), done.output


async def _answered(service: Service, path: str, content: bytes, content_type: str) -> list[Any]:
    """The results of a batch, or the one of an event alone."""
    answer = (await service.post_body(path, content, content_type=content_type)).json()
    return list(answer.get("results", [answer]))


BATCHES: dict[str, tuple[dict[str, Any], str, Any]] = {
    "an array of several kinds": (
        {"batch": {"told_by": "kind", "taken": ["bet"]}},
        "application/json",
        [
            examples.bet(kind="BET"),
            examples.bet(kind="payment"),
            examples.bet(event_id="unsaid"),
            examples.bet(event_id="wrong", kind="bet", amount=-1),
            7,
        ],
    ),
    "an array of others that are refused": (
        {"batch": {"told_by": "kind", "taken": ["bet"], "others": "refused"}},
        "application/json",
        [examples.bet(kind="bet"), examples.bet(kind="payment")],
    ),
    "an object with what its events share": (
        {"batch": {"items": "data.bets", "shared": ["kind", "currency"], "told_by": "kind", "taken": ["bet"]}},
        "application/json",
        {
            "kind": "bet",
            "currency": "EUR",
            "data": {"bets": [{"event_id": "x"}, examples.bet(), examples.bet(kind="win"), "bet"]},
        },
    ),
    "an array of nothing": ({"batch": {"told_by": "kind", "taken": ["bet"]}}, "application/json", []),
    "too many": ({"batch": {"items": "bets", "limit": 2}}, "application/json", {"bets": [1, 2, 3]}),
    "too long": ({"batch": {"items": "bets", "body_limit": 1024}}, "application/json", {"bets": ["x" * 1024]}),
    "an event too large": (
        {"body_limit": 1024, "batch": {"items": "bets"}},
        "application/json",
        {"bets": ["x" * 1024]},
    ),
    "CloudEvents of several kinds": (
        {"cloud_events": True, "batch": {"items": "bets", "told_by": "event_type", "taken": ["BET"]}},
        "application/cloudevents-batch+json",
        [cloud_event(type="BET"), cloud_event(type="WIN"), cloud_event(source="/a b")],
    ),
}


@pytest.mark.parametrize("case", BATCHES)
async def test_a_batch_is_tried_as_the_service_takes_it(
    database_url: str, gateway: Running, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    feed, content_type, batch = BATCHES[case]
    content = json.dumps(batch).encode()
    feeds = {"bet": {"webhook_secrets": [examples.SECRET]} | feed, "deposit": {"enabled": False}}
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)) as service:
        path = "bet/batch" if content_type == "application/json" else "bet"
        answered = await _answered(service, path, content, content_type)

    items = _tried(monkeypatch, feed, content)
    assert [_of_answer(each) for each in answered] == [_of_outcome(each) for each in items]


@pytest.mark.parametrize("changes", [{}, {"id": ""}, {"source": "/a b"}, {"data": {"amount": -1}}])
async def test_a_cloud_event_is_tried_as_the_service_takes_it(
    database_url: str, gateway: Running, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    feed = {"cloud_events": True, "event_types": ["com.example.bet"]}
    content = json.dumps(cloud_event(**changes)).encode()
    feeds = {"bet": {"webhook_secrets": [examples.SECRET]} | feed, "deposit": {"enabled": False}}
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)) as service:
        (answered,) = await _answered(service, "bet", content, "application/cloudevents+json")

    (item,) = _tried(monkeypatch, feed, content)
    assert _of_answer(answered) == _of_outcome(item)


def test_an_array_of_cloud_events_is_tried_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = {"cloud_events": True, "event_types": ["com.example.bet"]}
    events = [cloud_event(), cloud_event(type="WIN"), examples.bet(), cloud_event(data={"a": float("nan")})]

    items = _tried(monkeypatch, feed, json.dumps(events).encode())

    assert ["counted", "ignored", "ignored", "refused"] == [item["outcome"] for item in items]


def test_a_payload_of_a_feed_with_batches_may_be_tried_alone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in a batch says of nothing that comes alone whose it is."""
    feed = {"batch": {"items": "bets", "told_by": "kind", "taken": ["bet"]}}
    for payload, count in ((examples.bet(), 1), ([examples.bet(), examples.bet()], 2)):
        items = _tried(monkeypatch, feed, json.dumps(payload).encode())
        assert ["counted"] * count == [item["outcome"] for item in items]


def test_a_person_reads_what_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    _configure(monkeypatch, {"batch": {"told_by": "kind", "taken": ["bet"]}})
    batch = [examples.bet(kind="win"), examples.bet(kind="bet")]

    done = run("test", "bet", content=json.dumps(batch).encode())

    assert 0 == done.exit_code
    assert "[0] skipped: another feed's event, by its own word\n[1] counted\n" in done.stdout
    assert "2 payloads: 1 counted, 1 skipped" in done.stdout


def _tried(monkeypatch: pytest.MonkeyPatch, feed: dict[str, Any], content: bytes) -> list[Any]:
    """The outcomes on a feed with these settings."""
    _configure(monkeypatch, feed)
    return list(json.loads(run("test", "bet", "--json", content=content).stdout)["items"])


def _configure(monkeypatch: pytest.MonkeyPatch, feed: dict[str, Any]) -> None:
    Path("feeds.toml").write_text(_toml({"feeds": {"bet": feed}}), encoding="utf-8")
    monkeypatch.setenv("EVENT_PROCESSOR_CONFIG", "feeds.toml")


def _of_answer(result: dict[str, Any]) -> Any:
    """What is said of an event whoever is asked: its problem, or what was decided on which."""
    said = {"accepted": "counted"}.get(result["status"], result["status"])
    if isinstance(said, int):  # the whole is a problem
        return result
    return result.get("problem") or (said, result.get("event_id"), result.get("reason"))


def _of_outcome(item: dict[str, Any]) -> Any:
    event_id = item.get("event", {}).get("event_id")
    return item.get("problem") or (item["outcome"], event_id, item.get("reason"))


@pytest.mark.parametrize("arguments", [("nothing", "-"), ("bet", "not-there.json"), ("bet", ".")])
def test_a_feed_or_a_file_that_is_not_there_is_a_wrong_command_line(arguments: tuple[str, str]) -> None:
    done = run("test", *arguments)

    assert (2, "") == (done.exit_code, done.stdout)
