"""The HTTP contract, case by case, over the real application."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.tables import contributions, events
from app.sandbox.traffic import debit
from tests import examples
from tests.acceptance.service import Service, running
from tests.examples import Running


def _problem(response: httpx.Response) -> tuple[int, str, str]:
    problem = response.json()
    assert response.status_code == problem["status"]
    return response.status_code, response.headers["content-type"], problem["type"].rpartition("/")[2]


def _expected(status: int, cause: str) -> tuple[int, str, str]:
    return status, "application/problem+json", cause


async def _stored(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return len((await connection.execute(select(events.c.event_id))).all())


async def test_a_bet_is_accepted_and_contributed(service: Service, gateway: Running) -> None:
    response = await service.post("bet", examples.bet())

    assert (
        response.status_code,
        response.content,
    ) == (202, b'{"event_id": "bet-1", "status": "accepted", "contributions": 1}')

    async def arrived() -> bool:
        return bool(gateway.simulator.account.calls)

    await examples.eventually(arrived)
    (call,) = gateway.simulator.account.calls
    assert (*call.owed, call.base_wager) == ("bet", "brand1", "bet-1", "book-of-examples", "2.50")


async def test_a_deposit_is_contributed_to_its_own_source(service: Service, gateway: Running) -> None:
    await service.post("deposit", examples.deposit())

    async def arrived() -> bool:
        return bool(gateway.simulator.account.calls)

    await examples.eventually(arrived)
    (call,) = gateway.simulator.account.calls
    assert (*call.owed, call.base_wager) == ("deposit", "brand1", "deposit-1", "DEPOSIT", "100.00")


async def test_the_same_event_again_is_given_the_first_answer_byte_for_byte(service: Service) -> None:
    first = await service.post("bet", examples.bet())
    again = await service.post("bet", examples.bet())

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert (first.headers.get("idempotent-replayed"), again.headers.get("idempotent-replayed")) == (None, "true")


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(dict(reversed(examples.bet(amount=2.5).items()))),
        json.dumps(examples.bet(amount=2.5), indent=4),
        json.dumps(examples.bet(amount=2.5)).replace("2.5", "2.50"),
        json.dumps(examples.bet(amount=2.5)).replace("2.5", "25e-1"),
    ],
    ids=["key order", "white space", "trailing zero", "exponent"],
)
async def test_the_form_of_an_event_does_not_matter(service: Service, body: str) -> None:
    await service.post("bet", examples.bet(amount=2.5))

    assert "idempotent-replayed" in (await service.post_body("bet", body.encode())).headers


async def test_another_event_under_the_same_key_is_a_conflict(service: Service, engine: AsyncEngine) -> None:
    await service.post("bet", examples.bet())

    assert _expected(409, "conflict") == _problem(await service.post("bet", examples.bet(amount="2.51")))
    assert await _stored(engine) == 1


async def test_the_same_id_at_another_brand_or_feed_is_another_event(service: Service, engine: AsyncEngine) -> None:
    await service.post("bet", examples.bet(event_id="1"))
    await service.post("bet", examples.bet(event_id="1", brand_id="brand2"))
    await service.post("deposit", examples.deposit(event_id="1"))

    assert await _stored(engine) == 3


@pytest.mark.parametrize(
    ("feed", "fields", "reason"),
    [
        ("bet", examples.bet(provider_id=" ThrillTech "), "contribution_event"),
        ("bet", examples.bet(event_type="BET_ROLLBACK"), "rollback"),
        ("bet", examples.bet(event_type="WIN"), "event_type_not_counted"),
        ("deposit", examples.deposit(event_type="DEPOSIT_PENDING"), "event_type_not_counted"),
        ("deposit", examples.deposit(event_type="DEPOSIT_FAILED"), "event_type_not_counted"),
    ],
)
async def test_an_event_that_does_not_count_is_recorded_with_its_reason(
    service: Service, engine: AsyncEngine, feed: str, fields: dict[str, Any], reason: str
) -> None:
    response = await service.post(feed, fields)

    assert (202, {"event_id": fields["event_id"], "status": "ignored", "reason": reason}) == (
        response.status_code,
        response.json(),
    )
    async with engine.connect() as connection:
        assert reason == await connection.scalar(select(events.c.ignored))
        assert await connection.scalar(select(contributions.c.id)) is None


@pytest.mark.parametrize(
    "change",
    [
        {"webhook_signature": "v1,AAAA"},
        {"webhook_signature": ""},
        {"webhook_id": "msg_another"},
        {"webhook_timestamp": "1"},
        {"webhook_timestamp": "now"},
    ],
)
async def test_a_request_that_is_not_authentic_is_refused(
    service: Service, engine: AsyncEngine, change: dict[str, str]
) -> None:
    assert _expected(401, "unauthenticated") == _problem(await service.post("bet", examples.bet(), **change))
    assert await _stored(engine) == 0


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]", b"{}", b""])
async def test_an_unauthenticated_caller_learns_nothing_of_the_body(service: Service, body: bytes) -> None:
    response = await service.post_body("bet", body, webhook_signature="v1,AAAA", content_type="text/plain")

    assert _expected(401, "unauthenticated") == _problem(response)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"[]",
        b"\xff{}",
        b'{"amount": NaN}',
        b'{"amount": 1, "amount": 2}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b'{"a": ' + b"9" * 60_000 + b"e99999999999999999999}",
    ],
    ids=["cut off", "empty", "a list", "not UTF-8", "NaN", "twice", "deep", "exponent"],
)
async def test_what_is_not_one_json_object_is_refused(service: Service, body: bytes) -> None:
    assert _expected(400, "malformed-json") == _problem(await service.post_body("bet", body))


async def test_a_brand_that_is_not_the_operators_is_refused(service: Service) -> None:
    assert _expected(403, "unknown-brand") == _problem(await service.post("bet", examples.bet(brand_id="brand3")))


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_what_is_not_said_to_be_json_is_refused(service: Service, media_type: str) -> None:
    response = await service.post("bet", examples.bet(), content_type=media_type)

    assert _expected(415, "not-json") == _problem(response)


async def test_a_charset_after_the_media_type_will_do(service: Service) -> None:
    response = await service.post("bet", examples.bet(), content_type="Application/JSON; charset=utf-8")

    assert response.status_code == 202


async def test_a_body_over_the_limit_is_refused(service: Service) -> None:
    response = await service.post("bet", examples.bet(metadata={"padding": "x" * 70_000}))

    assert _expected(413, "too-large") == _problem(response)


async def test_a_body_over_the_limit_is_refused_while_it_streams(service: Service) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10_000_000:
            sent += 1000
            yield b"x" * 1000

    response = await service.client.post("/events/bet", content=endless())

    assert _expected(413, "too-large") == _problem(response)


async def test_a_body_at_the_limit_is_accepted(service: Service) -> None:
    fields = examples.bet(metadata={"padding": ""})
    fields["metadata"]["padding"] = "x" * (64 * 1024 - len(json.dumps(fields)))

    assert (await service.post("bet", fields)).status_code == 202


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"event_id": ""}, "/event_id"),
        ({"event_id": "x" * 201}, "/event_id"),
        ({"event_id": 17}, "/event_id"),
        ({"event_id": "nul\0"}, "/event_id"),
        ({"event_id": "\ud800"}, "/event_id"),
        ({"player_country": "Malta"}, "/player_country"),
        ({"amount": -1}, "/amount"),
        ({"amount": "-1"}, "/amount"),
        ({"amount": "1e3"}, "/amount"),
        ({"amount": "1,50"}, "/amount"),
        ({"amount": ""}, "/amount"),
        ({"amount": "."}, "/amount"),
        ({"amount": True}, "/amount"),
        ({"amount": 10**18}, "/amount"),
        ({"amount": "0.0000000000000000001"}, "/amount"),
        ({"currency": "eur"}, "/currency"),
        ({"occurred_at": "2026-11-22T12:00:00"}, "/occurred_at"),
        ({"occurred_at": "2026-11-22"}, "/occurred_at"),
        ({"occurred_at": 1763812800}, "/occurred_at"),
        ({"occurred_at": "T"}, "/occurred_at"),
        ({"metadata": []}, "/metadata"),
        ({"round_id": None}, "/round_id"),
    ],
)
async def test_a_mistake_is_pointed_at(service: Service, change: dict[str, Any], pointer: str) -> None:
    response = await service.post("bet", examples.bet(**change))

    assert _expected(422, "invalid-event") == _problem(response)
    assert [pointer] == [error["pointer"] for error in response.json()["errors"]]


async def test_every_missing_field_is_listed(service: Service) -> None:
    response = await service.post("bet", {})

    needed = ("event_id", "event_type", "brand_id", "player_id", "amount", "currency", "occurred_at")
    assert {f"/{name}" for name in (*needed, "game_code", "round_id")} == {
        error["pointer"] for error in response.json()["errors"]
    }


async def test_a_refusal_echoes_nothing_that_was_sent(service: Service) -> None:
    response = await service.post("bet", examples.bet(player_id=["sesame"], player_token=["sesame"], amount="sesame"))

    assert response.status_code == 422
    assert "sesame" not in response.text


@pytest.mark.parametrize(
    "amount",
    ["12345678901234567.891", "0.1", "0.30", "100", "0", "-0.0", "1.10", "999999999999999999.999999999999999999"],
)
async def test_money_is_exact_from_the_wire_to_the_gateway(service: Service, gateway: Running, amount: str) -> None:
    body = json.dumps(examples.bet(amount="AMOUNT")).replace('"AMOUNT"', amount)

    assert (await service.post_body("bet", body.encode())).status_code == 202

    async def arrived() -> bool:
        return bool(gateway.simulator.account.calls)

    await examples.eventually(arrived)
    assert amount.removeprefix("-") == gateway.simulator.account.calls[0].base_wager


async def test_fields_that_are_not_ours_are_kept_and_ignored(service: Service, engine: AsyncEngine) -> None:
    assert (await service.post("bet", examples.bet(balance_after="7.50"))).status_code == 202

    async with engine.connect() as connection:
        assert '"balance_after": "7.50"' in str(await connection.scalar(select(events.c.payload)))


@pytest.mark.parametrize("metadata", [{}, {"number": 1, "float": 1.5}, {"list": [1, {"deep": [None, True]}]}])
@pytest.mark.parametrize("feed", ["bet", "deposit"])
async def test_metadata_is_any_json_object(service: Service, feed: str, metadata: dict[str, Any]) -> None:
    fields = examples.bet(metadata=metadata) if feed == "bet" else examples.deposit(metadata=metadata)

    assert (await service.post(feed, fields)).json()["status"] == "accepted"


async def test_a_database_that_is_down_is_our_own_fault(gateway: Running) -> None:
    """Convoy answers 400 when its own queue cannot be written, and senders drop the event."""
    settings = examples.settings(database_url="postgresql://nobody@127.0.0.1:9/nowhere", gateway_url=gateway.url)
    async with running(settings) as service:
        response = await service.post("bet", examples.bet())

    assert _expected(503, "unavailable") == _problem(response)
    assert response.headers["retry-after"].isdigit()


async def test_a_failed_commit_is_not_acknowledged(service: Service, engine: AsyncEngine) -> None:
    """The row is written, and its commit fails: a 202 sent before the commit would lose the event. So would one from a
    FastAPI dependency with `yield`, which commits after the answer. Svix Bridge acknowledges although the upstream
    answered 500.
    """
    async with engine.connect() as connection:
        await connection.execute(
            text("create function refuse() returns trigger language plpgsql as 'begin raise exception ''no''; end'")
        )
        await connection.execute(
            text(
                "create constraint trigger refuse after insert on events deferrable initially deferred"
                " for each row execute function refuse()"
            )
        )

    assert _expected(503, "unavailable") == _problem(await service.post("bet", examples.bet()))
    assert await _stored(engine) == 0


async def test_a_feeds_own_limit_is_told_in_bytes(database_url: str, gateway: Running) -> None:
    feeds = {"bet": {"webhook_secrets": [examples.SECRET], "body_limit": 1024}, "deposit": {"enabled": False}}
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)) as service:
        answer = await service.post("bet", examples.bet(metadata={"padding": "x" * 1024}))

    assert "more than 1024 bytes" == answer.json()["detail"]


async def test_whoever_is_at_a_wrong_path_or_comes_with_a_wrong_method_is_told_the_way(service: Service) -> None:
    outside = await service.client.post("/webhooks/bet")
    got = await service.client.get("/events/bet")
    posted = await service.client.post("/events/bet/brand1/bet-1")

    assert [
        "nothing is at this path: events are posted to /events/ and the name of a feed; /docs lists every path",
        "this path takes POST: events are posted to it; a redirect on the way can make a GET of a POST",
        "this path takes GET: it is asked, and no event is posted to it",
    ] == [answer.json()["detail"] for answer in (outside, got, posted)]


async def test_an_unknown_path_and_method_are_problems_too(service: Service) -> None:
    assert _expected(404, "not-found") == _problem(await service.client.get("/events/poker"))
    assert _expected(404, "not-found") == _problem(await service.client.post("/events/bet/"))

    response = await service.client.get("/events/bet")
    assert _expected(405, "method-not-allowed") == _problem(response)
    assert response.headers["allow"] == "POST"


async def test_an_api_key_authenticates_where_the_feed_says_so(database_url: str, gateway: Running) -> None:
    feeds = {"bet": {"api_keys": ["an-old-key-of-16+", "a-new-key-of-16+"]}, "deposit": {"enabled": False}}
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)
    body = json.dumps(examples.bet()).encode()
    async with running(settings) as service:
        for key, status in (("an-old-key-of-16+", 202), ("a-new-key-of-16+", 202), ("another-key-of-16", 401)):
            headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
            assert status == (await service.client.post("/events/bet", content=body, headers=headers)).status_code


async def test_a_feed_that_is_not_enabled_is_not_there(database_url: str, gateway: Running) -> None:
    feeds = {"bet": {"webhook_secrets": [examples.SECRET]}, "deposit": {"enabled": False}}
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)
    async with running(settings) as service:
        assert (await service.post("deposit", examples.deposit())).status_code == 404


async def test_every_matching_rule_yields_a_contribution(database_url: str, gateway: Running) -> None:
    rules = [
        {"source_id": "{game_code}"},
        {"source_id": "casino-wide", "currencies": ["EUR"]},
        {"source_id": "sek", "currencies": ["SEK"]},
    ]
    feeds = {"bet": {"webhook_secrets": [examples.SECRET], "rules": rules}, "deposit": {"enabled": False}}
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)
    async with running(settings) as service:
        assert (await service.post("bet", examples.bet())).json()["contributions"] == 2

        async def arrived() -> bool:
            return gateway.simulator.account.contributions().total() == 2

        await examples.eventually(arrived)

    assert {"book-of-examples", "casino-wide"} == {call.source_id for call in gateway.simulator.account.calls}


async def test_the_debit_of_a_contribution_comes_back_and_goes_no_further(service: Service, gateway: Running) -> None:
    debits = list[bytes]()
    gateway.simulator.contributed = lambda contribution: debits.append(debit(contribution).body)
    await service.post("bet", examples.bet())

    async def arrived() -> bool:
        return bool(debits)

    await examples.eventually(arrived)
    response = await service.post_body("bet", debits[0])

    assert {"status": "ignored", "reason": "contribution_event"}.items() <= response.json().items()
    assert gateway.simulator.account.contributions().total() == 1


async def test_a_request_keeps_its_id_and_a_bad_one_is_replaced(service: Service) -> None:
    kept = await service.post("bet", examples.bet(), x_request_id="trace-1")
    replaced = await service.post("bet", examples.bet(), x_request_id="white space")

    assert kept.headers["x-request-id"] == "trace-1"
    assert len(replaced.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (json.dumps(examples.bet()).encode(), 202),
        (json.dumps(examples.bet(amount="1.00")).encode(), 409),
        (json.dumps(examples.bet(amount="-1")).encode(), 422),
        (b"{", 400),
    ],
    ids=["accepted", "conflict", "invalid", "malformed"],
)
async def test_an_answer_is_the_same_whichever_way_leads_to_it(service: Service, body: bytes, status: int) -> None:
    """Under a prefix, FastAPI finds the route; without one, nobody looks."""
    await service.post("bet", examples.bet())
    transport = httpx.ASGITransport(app=service.app, root_path="/prefix", raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service/prefix") as client:
        routed = await client.post("/events/bet", content=body, headers=examples.signed(body))
    direct = await service.post_body("bet", body)

    assert (status, direct.content) == (routed.status_code, routed.content)
    assert set(direct.headers) == set(routed.headers)
    assert direct.headers["content-type"] == routed.headers["content-type"]
