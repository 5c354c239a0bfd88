"""CloudEvents 1.0 over HTTP, put together by hand as its HTTP protocol binding and JSON format have them."""

import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.tables import events
from app.settings import Settings
from tests import examples, samples
from tests.acceptance.service import Service, running
from tests.examples import Running

SECRET = "a-secret-of-the-platform"
JSON = "application/json"
STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"
ID = "https://casino.example.com/bets A234-1234"
ACCEPTED = {"event_id": ID, "status": "accepted", "contributions": 1}


@pytest.fixture
async def service(database_url: str, gateway: Running) -> AsyncIterator[Service]:
    feeds = {
        "bet": {"api_keys": [samples.API_KEY], "cloud_events": True, "event_types": ["com.example.bet", "BET"]},
        "deposit": {"webhook_secrets": [examples.SECRET]},
    }
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)
    async with running(settings) as service:
        service.client.headers["authorization"] = f"Bearer {samples.API_KEY}"
        yield service


def data(**changes: Any) -> dict[str, Any]:
    """A bet without what the envelope says."""
    own = {"event_id", "event_type", "occurred_at"}
    return {name: value for name, value in examples.bet().items() if name not in own} | changes


def cloud_event(**changes: Any) -> dict[str, Any]:
    attributes = {
        "specversion": "1.0",
        "type": "com.example.bet",
        "source": "https://casino.example.com/bets",
        "id": "A234-1234",
        "time": "2026-11-22T12:00:00Z",
        "datacontenttype": "application/json",
    }
    found = attributes | {"data": data()} | changes
    return {name: value for name, value in found.items() if value is not ...}


def headers_of(event: dict[str, Any]) -> dict[str, str]:
    """Its attributes, as the binary mode has them."""
    return {f"ce-{name}": str(value) for name, value in event.items() if name not in {"data", "datacontenttype"}}


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


async def post(service: Service, event: Any, content_type: str = STRUCTURED, **headers: str) -> httpx.Response:
    return await service.post_body("bet", json.dumps(event).encode(), content_type=content_type, **headers)


async def post_binary(service: Service, event: dict[str, Any], **headers: str) -> httpx.Response:
    return await post(service, event["data"], "application/json", **(headers_of(event) | headers))


async def test_an_event_is_the_same_in_every_mode(service: Service, engine: AsyncEngine) -> None:
    """Its extensions may change, as traces do from one try to the next."""
    structured = await post(service, cloud_event(traceparent="00-1"), f"{STRUCTURED}; charset=utf-8")
    binary = await post_binary(service, cloud_event(traceparent="00-2"))
    batched = await post(service, [cloud_event(traceparent="00-3")], BATCHED)
    async with engine.connect() as connection:
        (payload,) = (await connection.execute(select(events.c.payload))).scalars()

    assert (202, ACCEPTED) == (structured.status_code, structured.json())
    assert (ACCEPTED, "true") == (binary.json(), binary.headers["Idempotent-Replayed"])
    assert [{"index": 0, "replayed": True} | ACCEPTED] == batched.json()["results"]
    assert data(event_id=ID, event_type="com.example.bet", occurred_at="2026-11-22T12:00:00Z") == json.loads(payload)


async def test_what_the_data_says_itself_wins_so_that_it_is_the_same_event_without_an_envelope(
    service: Service,
) -> None:
    alone = await service.post("bet", examples.bet())
    enveloped = await post(service, cloud_event(data=examples.bet(), id="another", time=...))

    assert alone.content == enveloped.content
    assert enveloped.headers["Idempotent-Replayed"] == "true"


async def test_events_of_two_sources_with_one_id_are_two(service: Service) -> None:
    first, second = [await post(service, cloud_event(source=source)) for source in ("/a", "/b")]

    assert ["/a A234-1234", "/b A234-1234"] == [first.json()["event_id"], second.json()["event_id"]]


async def test_digits_of_the_data_are_kept(service: Service, gateway: Running) -> None:
    event = json.dumps(cloud_event(data=data(amount="@"))).replace('"@"', "12345678901234567.891")
    await service.post_body("bet", event.encode(), content_type=STRUCTURED)

    async def contributed() -> bool:
        return bool(gateway.simulator.account.calls)

    await examples.eventually(contributed)
    assert gateway.simulator.account.calls[0].base_wager == "12345678901234567.891"


OWN = {"event_id": "tx.id", "event_type": "kind", "occurred_at": ["at", "event_time"], "provider_id": "studio"}


def own_data(**changes: Any) -> dict[str, Any]:
    """A bet that names all that an envelope could."""
    return data(tx={"id": "tx-1"}, kind="BET", at="2026-11-22T12:00:00Z", studio="one") | changes


async def test_what_a_mapping_reads_in_the_data_is_not_looked_at_in_the_envelope(
    database_url: str, gateway: Running
) -> None:
    """So the same transaction is the same event, whoever publishes it, and when, and as what."""
    envelopes: list[dict[str, Any]] = [
        {},
        {"id": "another"},
        {"source": "/elsewhere"},
        {"type": "another"},
        {"time": ...},
        {"time": "now"},
    ]
    settings = mapped(database_url, gateway, OWN)
    async with running(settings) as service:
        alone = [await post(service, cloud_event(data=own_data(), **changes)) for changes in envelopes]
        binary = await post_binary(service, cloud_event(data=own_data()))
        batch = await post(service, [cloud_event(data=own_data(), **changes) for changes in envelopes], BATCHED)
        plain = await post(service, own_data(), "application/json")
        wrong = await post(service, cloud_event(data=own_data(tx={"id": ""}, at="now")))

    assert [(202, "tx-1")] * 6 == [(each.status_code, each.json().get("event_id")) for each in alone]
    assert [True] * 6 == [result.get("replayed") for result in batch.json()["results"]]
    assert ["true"] * 2 == [each.headers["Idempotent-Replayed"] for each in (plain, binary)]
    assert ["/data/tx/id", "/data/at"] == [error["pointer"] for error in wrong.json()["errors"]]


BEFORE = {
    "event_id": ["tx.id", "event_id"],
    "event_type": ["kinds.0", "event_type"],
    "occurred_at": ["at", "occurred_at"],
    "provider_id": "studio",
}


def told_first(**changes: Any) -> dict[str, Any]:
    """A bet that names all that an envelope could, each where it is looked at first."""
    return data(tx={"id": "tx-1"}, kinds=["BET"], at="2026-11-22T12:00:00Z", studio="one") | changes


async def test_what_stands_in_for_nothing_is_not_taken_from_the_envelope(
    database_url: str, gateway: Running, engine: AsyncEngine
) -> None:
    """Nor recorded or compared: the data says it, where it is looked at before."""
    other = cloud_event(data=told_first(), id="another", source="/elsewhere", type="another", time="now")
    settings = mapped(database_url, gateway, BEFORE, webhook_secrets=[], insecure=True)
    async with running(settings) as service:
        plain = await post(service, told_first(), JSON)
        alone = [await post(service, event) for event in (cloud_event(data=told_first()), other)]
        binary = [await post_binary(service, event) for event in (cloud_event(data=told_first()), other)]
        batch = (await post(service, [other], BATCHED)).json()["results"]
        async with engine.connect() as connection:
            (payload,) = (await connection.execute(select(events.c.payload))).scalars()

    assert (202, "tx-1") == (plain.status_code, plain.json()["event_id"])
    assert ["true"] * 4 == [each.headers.get("Idempotent-Replayed") for each in alone + binary]
    assert [True] == [result.get("replayed") for result in batch]
    assert told_first() == json.loads(payload)


@pytest.mark.parametrize(
    "lacking",
    [
        {"tx": {"id": None}, "kinds": [None], "at": None},
        {"tx": None, "kinds": "BET", "at": None},
        {"tx": "tx-1", "kinds": [], "at": None},
        {"tx": ["tx-1"], "kinds": {"0": "BET"}, "at": None},
    ],
)
async def test_what_is_null_or_not_there_is_taken_from_the_envelope_in_every_mode(
    database_url: str, gateway: Running, lacking: dict[str, Any]
) -> None:
    event = cloud_event(data=told_first(**lacking), type="BET")
    settings = mapped(database_url, gateway, BEFORE, webhook_secrets=[], insecure=True)
    async with running(settings) as service:
        answers = [await post(service, event), await post_binary(service, event)]
        batch = (await post(service, [event], BATCHED)).json()["results"]

    assert [(202, ID)] * 2 == [(each.status_code, each.json().get("event_id")) for each in answers]
    assert [(ID, True)] == [(result.get("event_id"), result.get("replayed")) for result in batch]


async def test_what_two_fields_are_read_from_is_taken_if_either_is_read_there(
    database_url: str, gateway: Running
) -> None:
    """The round is the envelope's then: another envelope is another round, and that is a conflict."""
    fields = BEFORE | {"round_id": ["round", "event_id"]}
    settings = mapped(database_url, gateway, fields, webhook_secrets=[], insecure=True)
    async with running(settings) as service:
        by_envelope = [await post(service, cloud_event(data=told_first(), id=each)) for each in ("one", "two")]
        own = told_first(tx={"id": "tx-2"}, round="round-2")
        by_data = [await post(service, cloud_event(data=own, id=each)) for each in ("one", "two")]

    assert [202, 409] == [answer.status_code for answer in by_envelope]
    assert [202, 202] == [answer.status_code for answer in by_data]


async def test_a_mapping_that_has_our_name_among_others_finds_the_envelope_s_there(
    database_url: str, gateway: Running
) -> None:
    settings = mapped(database_url, gateway, OWN | {"event_id": ["tx.id", "event_id"], "occurred_at": "occurred_at"})
    async with running(settings) as service:
        answers = [await post(service, cloud_event(data=own_data(tx={}), id=each)) for each in ("one", "two")]
        wrong = await post(service, cloud_event(data=own_data(), time="today"))

    source = "https://casino.example.com/bets"
    assert [f"{source} one", f"{source} two"] == [answer.json()["event_id"] for answer in answers]
    assert ["/time"] == [error["pointer"] for error in wrong.json()["errors"]]


async def test_whose_an_event_of_a_batch_is_may_be_told_by_the_envelope(database_url: str, gateway: Running) -> None:
    settings = mapped(database_url, gateway, OWN, batch={"told_by": "event_type", "taken": ["com.example.bet"]})
    async with running(settings) as service:
        events = [cloud_event(data=own_data()), cloud_event(data=own_data(), type="com.example.win")]
        answer = (await post(service, events, BATCHED)).json()

    assert ["accepted", "skipped"] == [result["status"] for result in answer["results"]]


async def test_what_only_tells_whose_an_event_is_is_no_part_of_it(database_url: str, gateway: Running) -> None:
    """Alone it is not told, so the same event would be another in a batch; its type need not be in a signed body."""
    settings = mapped(database_url, gateway, OWN, batch={"told_by": "event_type", "taken": ["one", "two"]})
    async with running(settings) as service:
        alone = await post_binary(service, cloud_event(data=own_data()))
        events = [cloud_event(data=own_data(), type=each) for each in ("one", "two", "three", " ")]
        results = (await post(service, events, BATCHED)).json()["results"]

    assert 202 == alone.status_code
    assert ["accepted", "accepted", "skipped", "refused"] == [result["status"] for result in results]
    assert [True, True] == [result.get("replayed") for result in results[:2]]
    assert ["/3/type"] == [error["pointer"] for error in results[3]["problem"]["errors"]]


def mapped(database_url: str, gateway: Running, fields: dict[str, Any], **changes: Any) -> Settings:
    """Settings of a feed that finds these fields in the data."""
    feed = {"webhook_secrets": [examples.SECRET], "cloud_events": True, "fields": fields} | changes
    feeds = {"bet": feed, "deposit": {"enabled": False}}
    return examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"id": ...}, ["/id"]),
        ({"id": "", "type": None, "source": 1}, ["/id", "/source", "/type"]),
        ({"source": "/a b"}, ["/source"]),
        ({"source": "/a\u00a0b"}, ["/source"]),
        ({"source": " ", "id": "/a"}, ["/source"]),
        ({"specversion": "0.3"}, ["/specversion"]),
        ({"time": 1795348800}, ["/time"]),
        ({"time": "today"}, ["/time"]),
        ({"id": "x" * 200}, ["/id"]),
        ({"data": ...}, ["/data"]),
        ({"data": "text", "datacontenttype": "text/plain"}, ["/data"]),
        ({"data": ..., "data_base64": "e30="}, ["/data"]),
        ({"data": data(amount=-1)}, ["/data/amount"]),
        ({"data": examples.bet(occurred_at="today")}, ["/data/occurred_at"]),
    ],
)
async def test_a_mistake_is_located_in_the_envelope_in_every_mode(
    service: Service, changes: dict[str, Any], pointers: list[str]
) -> None:
    alone = await post(service, cloud_event(**changes))
    batch = await post(service, [cloud_event(id="right"), cloud_event(**changes)], BATCHED)
    right, wrong = batch.json()["results"]

    assert (422, pointers) == (alone.status_code, sorted(error["pointer"] for error in alone.json()["errors"]))
    assert "accepted" == right["status"]
    assert [f"/1{each}" for each in pointers] == sorted(error["pointer"] for error in wrong["problem"]["errors"])


async def test_a_header_of_the_binary_mode_that_is_missing_is_named(service: Service) -> None:
    response = await post_binary(service, cloud_event(id=...))

    assert (422, "the header ce-id is needed, as text") == (response.status_code, response.json()["detail"])


async def test_a_mistake_in_a_header_of_the_binary_mode_is_said_of_the_header(service: Service) -> None:
    """It is at no place of the body; what the body says itself is."""
    wrong = cloud_event(id="x" * 200, time="today", data=data(amount=-1, event_type=""))
    errors = (await post_binary(service, wrong)).json()["errors"]
    (missing,) = (await post_binary(service, cloud_event(time=...))).json()["errors"]

    time_form = "must be an RFC 3339 date and time with its zone: 2026-11-22T12:00:00Z"
    assert {
        ("", "the header ce-id must have at most 200 characters"),
        ("", f"the header ce-time {time_form}"),
        ("/event_type", "must have at least 1 character(s)"),
        ("/amount", "must not be negative"),
    } == {(error["pointer"], error["detail"]) for error in errors}
    assert {"pointer": "", "detail": "the header ce-time is needed"} == missing


async def test_white_space_in_a_source_is_refused_in_the_binary_mode_too(service: Service) -> None:
    """Source "/a b" with id "c" would be the event of source "/a" with id "b c"."""
    answers = [
        await post_binary(service, cloud_event(source=source, id=id_))
        for source, id_ in (("/a%20b", "c"), ("/a", "b%20c"), ("/a%2520b", "c"))
    ]

    detail = "the header ce-source must be a URI reference, which has no white space in it"
    assert (422, detail) == (answers[0].status_code, answers[0].json()["detail"])
    assert ["/a b c", "/a%20b c"] == [answer.json()["event_id"] for answer in answers[1:]]


@pytest.mark.parametrize("written", ["%C3%A9%20%22", '"%C3%A9 \\""'])
async def test_a_header_of_the_binary_mode_is_decoded(service: Service, written: str) -> None:
    response = await post_binary(service, cloud_event(), ce_id=written)

    assert 'https://casino.example.com/bets é "' == response.json()["event_id"]


@pytest.mark.parametrize("written", ["%ff", "%C3", "%ED%A0%80"])
async def test_a_header_of_the_binary_mode_that_is_no_text_is_refused(service: Service, written: str) -> None:
    """Decoded with a sign for what is none, two ids would be one."""
    response = await post_binary(service, cloud_event(), ce_id=written)

    assert (422, "the header ce-id is not UTF-8, percent-encoded") == (response.status_code, response.json()["detail"])


SIGNING: dict[str, dict[str, Any]] = {
    "Standard Webhooks": {"webhook_secrets": [examples.SECRET]},
    "over the body": {"signature": {"secrets": [SECRET]}},
    "over some headers": {
        "signature": {"secrets": [SECRET], "id_header": "Webhook-Id", "content": "{id}.{body}"},
    },
}


@pytest.mark.parametrize("scheme", SIGNING)
async def test_what_a_signature_does_not_cover_is_not_taken_from_a_header(
    database_url: str, gateway: Running, engine: AsyncEngine, scheme: str
) -> None:
    """One who has a signed request could send it with other ids, and each would be a contribution."""
    body, whole = json.dumps(data()).encode(), json.dumps(examples.bet()).encode()
    feeds = {"bet": SIGNING[scheme] | {"cloud_events": True}, "deposit": {"enabled": False}}
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)
    (feed,) = settings.feed_values()
    async with running(settings) as service:

        async def sent(content: bytes, **changes: Any) -> httpx.Response:
            signed = feed.scheme.credentials(content, message_id="msg_1", timestamp=int(time.time()))
            headers = {"content-type": "application/json"} | headers_of(cloud_event(**changes)) | signed
            return await service.client.post("/events/bet", content=content, headers=headers)

        captured = [await sent(body, id=each) for each in ("one", "two")]
        same = [await sent(whole, id=each) for each in ("one", "two")]
        async with engine.connect() as connection:
            recorded = list((await connection.execute(select(events.c.event_id))).scalars())

    assert [(422, SAID)] * 2 == [(each.status_code, each.json().get("errors")) for each in captured]
    assert [(202, None), (202, "true")] == [
        (each.status_code, each.headers.get("idempotent-replayed")) for each in same
    ]
    assert ["bet-1"] == recorded


async def test_a_signed_body_that_says_all_that_is_read_needs_nothing_of_its_headers(
    database_url: str, gateway: Running
) -> None:
    """What it lacks is still not taken from them."""
    async with running(mapped(database_url, gateway, BEFORE)) as service:
        whole = [await post_binary(service, cloud_event(data=told_first(), id=each)) for each in ("one", "two")]
        lacking = await post_binary(service, cloud_event(data=told_first(tx={"id": None})))

    assert [(202, "tx-1")] * 2 == [(each.status_code, each.json().get("event_id")) for each in whole]
    assert "true" == whole[1].headers["Idempotent-Replayed"]
    assert (422, SAID[:1]) == (lacking.status_code, lacking.json()["errors"])


VOUCHING: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "API key": ({"api_keys": [samples.API_KEY]}, {"authorization": f"Bearer {samples.API_KEY}"}),
    "Basic": ({"basic_users": [f"casino:{samples.API_KEY}"]}, basic("casino", samples.API_KEY)),
    "nothing": ({"insecure": True}, {}),
}


@pytest.mark.parametrize("scheme", VOUCHING)
async def test_a_sender_that_is_vouched_for_may_have_its_envelope_in_headers(
    database_url: str, gateway: Running, scheme: str
) -> None:
    feed, credentials = VOUCHING[scheme]
    feeds = {"bet": feed | {"cloud_events": True, "event_types": ["com.example.bet"]}, "deposit": {"enabled": False}}
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)
    async with running(settings) as service:
        headers = {"content-type": "application/json"} | headers_of(cloud_event()) | credentials
        response = await service.client.post("/events/bet", json=data(), headers=headers)

    assert (202, ACCEPTED) == (response.status_code, response.json())


SAID = [
    {"pointer": f"/{ours}", "detail": f"is needed in the body: the header ce-{theirs} is not signed"}
    for ours, theirs in {"event_id": "id", "event_type": "type", "occurred_at": "time"}.items()
]


async def test_an_envelope_may_be_no_larger_in_a_batch_than_alone(service: Service) -> None:
    large = cloud_event(extension="x" * 70_000)
    alone = await post(service, large)
    batch = await post(service, [cloud_event(), large], BATCHED)
    right, wrong = batch.json()["results"]

    assert 413 == alone.status_code
    assert ("accepted", alone.json()) == (right["status"], wrong["problem"])


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"data": {"a": NaN}}', b'{"id": "1", "id": "2"}', b"\xff"])
async def test_what_is_no_json_is_refused_as_ever(service: Service, body: bytes) -> None:
    assert 400 == (await service.post_body("bet", body, content_type=STRUCTURED)).status_code


async def test_an_envelope_is_authenticated_first_like_everything_else(service: Service) -> None:
    response = await post(service, cloud_event(), authorization="Bearer of-nothing")

    assert 401 == response.status_code


async def test_a_batch_of_them_at_the_path_for_batches_is_told_where_it_belongs(service: Service) -> None:
    body = json.dumps([cloud_event()]).encode()
    told = [
        (answer.status_code, answer.json()["detail"])
        for answer in [
            await service.post_body(f"{feed}/batch", body, content_type=BATCHED) for feed in ("bet", "deposit")
        ]
    ]

    assert [
        (415, "CloudEvents are posted to /events/bet, a batch of them too"),
        (415, "the header Content-Type: application/json is needed"),
    ] == told


async def test_a_feed_without_cloud_events_takes_none(service: Service) -> None:
    body = json.dumps(cloud_event()).encode()
    for content_type in (STRUCTURED, BATCHED):
        assert 415 == (await service.post_body("deposit", body, content_type=content_type)).status_code


async def test_the_modes_are_documented_where_they_are_taken(service: Service) -> None:
    paths = (await service.client.get("/openapi.json")).json()["paths"]
    content = paths["/events/bet"]["post"]["requestBody"]["content"]
    structured = await post(service, content[STRUCTURED]["example"])
    batched = await post(service, content[BATCHED]["example"], BATCHED)

    assert {"application/json", STRUCTURED, BATCHED} == content.keys()
    assert "accepted" == structured.json()["status"]
    assert [True] == [result["replayed"] for result in batched.json()["results"]]
    assert {"application/json"} == paths["/events/deposit"]["post"]["requestBody"]["content"].keys()
    assert "200" in paths["/events/bet"]["post"]["responses"]


async def test_the_binary_mode_is_documented_by_its_headers(service: Service) -> None:
    paths = (await service.client.get("/openapi.json")).json()["paths"]
    with_events, without = (paths[f"/events/{feed}"]["post"] for feed in ("bet", "deposit"))
    headers = headers_of(cloud_event())

    assert headers.keys() == {each["name"] for each in with_events["parameters"]}
    assert not any(each["required"] for each in with_events["parameters"])
    assert "**binary mode**" in with_events["description"]
    assert "signed" not in with_events["description"]
    assert (False, False) == ("parameters" in without, "description" in without)


async def test_what_an_envelope_gives_is_not_needed_in_what_is_documented_and_the_rest_is(service: Service) -> None:
    document = (await service.client.get("/openapi.json")).json()
    content = document["paths"]["/events/bet"]["post"]["requestBody"]["content"]
    envelope = content[STRUCTURED]["schema"]
    plain = set(document["components"]["schemas"]["DepositEvent"]["required"]) | {"game_code", "round_id"}

    for schema in (content["application/json"]["schema"], envelope["properties"]["data"]):
        assert plain - {"event_id", "event_type", "occurred_at"} == set(schema["required"])
        assert ["brand1", "brand2"] == schema["properties"]["brand_id"]["enum"]
        Draft202012Validator(schema).validate(data())
    Draft202012Validator(envelope).validate(cloud_event())


async def test_what_a_mapping_finds_elsewhere_is_needed_in_the_data(database_url: str, gateway: Running) -> None:
    fields = {"event_id": "tx.id", "provider_id": "studio"}
    casino = {"kind": "bet", "webhook_secrets": [examples.SECRET], "cloud_events": True, "fields": fields}
    feeds = {
        "bet": {"enabled": False},
        "deposit": {"enabled": False},
        "casino": casino,
        "timed": casino | {"time_format": "seconds"},
    }
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)) as service:
        paths = (await service.client.get("/openapi.json")).json()["paths"]
    schemas = [
        paths[f"/events/{feed}"]["post"]["requestBody"]["content"][JSON]["schema"] for feed in ("casino", "timed")
    ]

    assert [(["id"], False, False), (["id"], False, True)] == [
        (
            schema["properties"]["tx"]["required"],
            "event_type" in schema["required"],
            "occurred_at" in schema["required"],
        )
        for schema in schemas
    ]


async def test_what_is_needed_in_the_data_is_documented_as_it_is_looked_for(
    database_url: str, gateway: Running
) -> None:
    """Neither what has another place before it, nor what another field is read from too."""
    fields = BEFORE | {"event_type": "kind", "round_id": "event_type"}
    async with running(mapped(database_url, gateway, fields)) as service:
        route = (await service.client.get("/openapi.json")).json()["paths"]["/events/bet"]["post"]
        event = cloud_event(data=own_data())
        del event["data"]["round_id"]
        answer = await post(service, event)
    content = route["requestBody"]["content"]
    schema = content[STRUCTURED]["schema"]

    assert 202 == answer.status_code
    assert {"kind"} == set(schema["properties"]["data"]["required"]) & {"tx", "event_id", "kind", "event_type", "at"}
    Draft202012Validator(schema).validate(event)
    assert "Requests are signed" in route["description"]
