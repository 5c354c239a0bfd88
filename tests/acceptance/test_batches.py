"""Many events in one request, over the running service."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
import structlog
from openapi_spec_validator import validate
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.batch import SHARED
from app.ledger.tables import contributions, events
from tests import examples
from tests.acceptance.conftest import Serve
from tests.acceptance.service import Service, running
from tests.acceptance.test_limits import Clock
from tests.examples import Running


@asynccontextmanager
async def batching(
    database_url: str, gateway: Running, *, clock: Clock | None = None, **feed: Any
) -> AsyncIterator[Service]:
    """A service whose feed of bets has these settings."""
    feeds = {"bet": {"webhook_secrets": [examples.SECRET]} | feed, "deposit": {"webhook_secrets": [examples.SECRET]}}
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)
    async with running(settings, **({"clock": clock} if clock else {})) as service:
        yield service


async def post(service: Service, batch: Any, **headers: str) -> httpx.Response:
    return await service.post_body("bet/batch", json.dumps(batch).encode(), **headers)


def bets(*numbers: int, **changes: Any) -> list[dict[str, Any]]:
    return [examples.bet(event_id=f"bet-{number}", **changes) for number in numbers]


async def recorded(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return sorted((await connection.execute(select(events.c.event_id))).scalars())


async def test_every_event_has_a_result_in_its_order_and_is_contributed_once(
    service: Service, gateway: Running
) -> None:
    response = await post(service, [*bets(1), examples.bet(event_id="win", event_type="WIN"), *bets(2)])

    async def contributed() -> bool:
        return len(gateway.simulator.account.calls) >= 2

    await examples.eventually(contributed)
    assert response.status_code == 200
    assert {
        "accepted": 2,
        "ignored": 1,
        "skipped": 0,
        "refused": 0,
        "results": [
            {"index": 0, "event_id": "bet-1", "status": "accepted", "contributions": 1},
            {"index": 1, "event_id": "win", "status": "ignored", "reason": "event_type_not_counted"},
            {"index": 2, "event_id": "bet-2", "status": "accepted", "contributions": 1},
        ],
    } == response.json()
    assert ["bet-1", "bet-2"] == sorted(call.owed[2] for call in gateway.simulator.account.calls)


async def test_an_events_result_is_what_it_would_be_told_alone_from_either_route(service: Service) -> None:
    first = await service.post("bet", examples.bet(event_id="bet-1"))
    (replayed,) = (await post(service, bets(1))).json()["results"]
    (new,) = (await post(service, bets(2))).json()["results"]
    alone = await service.post("bet", examples.bet(event_id="bet-2"))

    assert first.json() | {"index": 0, "replayed": True} == replayed
    assert alone.json() | {"index": 0} == new
    assert alone.headers["Idempotent-Replayed"] == "true"


async def test_of_duplicates_and_conflicts_in_a_batch_the_first_counts(service: Service, engine: AsyncEngine) -> None:
    batch = [*bets(1), *bets(1), *bets(1, amount="9.99"), dict(reversed(bets(1)[0].items()))]
    answer = (await post(service, batch)).json()

    assert [None, True, None, True] == [result.get("replayed") for result in answer["results"]]
    assert answer["results"][2]["problem"]["type"] == "/problems/conflict"
    assert (3, 1) == (answer["accepted"], answer["refused"])
    assert ["bet-1"] == await recorded(engine)


@pytest.mark.parametrize(
    ("batch", "body", "expected"),
    [
        ({}, [{}], (400, True)),
        ({}, {"data": {"events": []}}, (422, False)),
        ({"items": "data.events"}, [{}], (400, True)),
        ({"items": "data.events"}, {"data": {"events": []}}, (422, True)),
        ({"items": "data.events"}, {"data": {"events": {}}}, (422, False)),
        ({"items": "data.events"}, {"data": 1}, (422, False)),
    ],
)
async def test_a_batch_that_is_posted_as_an_event_is_told_its_path(
    database_url: str, gateway: Running, batch: dict[str, Any], body: Any, expected: tuple[int, bool]
) -> None:
    feeds = {"bet": {"webhook_secrets": [examples.SECRET], "batch": batch}, "deposit": {"enabled": False}}
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)) as service:
        answer = await service.post("bet", body)

    told = answer.json()["detail"].endswith("; a batch goes to /events/bet/batch")
    assert expected == (answer.status_code, told), answer.text


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ('{"event_id": "x", "event_id": "x"}', 400),
        ('{"amount": NaN}', 400),
        ("[]", 400),
        ("{}", 422),
        (json.dumps(examples.bet(event_id="x", amount=-1)), 422),
        (json.dumps(examples.bet(event_id="x", brand_id="brand3")), 403),
        (json.dumps(examples.bet(event_id="\ud800")), 422),
        (json.dumps(examples.bet(event_id="x\x00")), 422),
    ],
)
async def test_a_bad_event_hurts_no_other_and_has_the_problem_that_it_would_have_alone(
    service: Service, engine: AsyncEngine, event: str, status: int
) -> None:
    alone = await service.post_body("bet", event.encode())
    first, last = map(json.dumps, bets(1, 2))
    answer = (await service.post_body("bet/batch", f"[{first},{event},{last}]".encode())).json()
    result = answer["results"][1]
    for error in result["problem"].get("errors", ()):
        assert error["pointer"].startswith("/1/")
        error["pointer"] = error["pointer"].removeprefix("/1")

    problem = json.loads(alone.text.replace("; a batch goes to /events/bet/batch", ""))  # where this one is already

    assert status == alone.status_code
    assert {"index": 1, "status": "refused", "problem": problem} == result
    assert (2, 1) == (answer["accepted"], answer["refused"])
    assert ["bet-1", "bet-2"] == await recorded(engine)
    assert await service.metric("events_refused_total", feed="bet") == 2


@pytest.mark.parametrize(("more", "status", "ids"), [(0, 200, ["bet-1", "bet-2"]), (1, 413, [])])
async def test_what_events_share_is_bounded_since_it_is_kept_with_each(
    database_url: str, gateway: Running, engine: AsyncEngine, more: int, status: int, ids: list[str]
) -> None:
    async with batching(database_url, gateway, batch={"items": "bets", "shared": ["site", "note"]}) as service:
        quoted = len('""')
        note = "x" * (SHARED - quoted - len("é".encode()) - quoted + more)
        shared = {"site": "é", "note": note}
        body = json.dumps(shared | {"bets": bets(1, 2)}, ensure_ascii=False)
        response = await service.post_body("bet/batch", body.encode())

    assert status == response.status_code
    assert ids == await recorded(engine)


@pytest.mark.parametrize("wrong", ["null", "17", "false", '"text"', "[]", '{"a": NaN}', "[" * 5_000 + "]" * 5_000])
async def test_what_is_no_event_hurts_no_other_where_events_share_something(
    database_url: str, gateway: Running, engine: AsyncEngine, wrong: str
) -> None:
    first, last = (json.dumps(bet) for bet in bets(1, 2))
    async with batching(database_url, gateway, batch={"items": "bets", "shared": ["site"]}) as service:
        body = f'{{"site": "main", "bets": [{first}, {wrong}, {last}]}}'
        response = await service.post_body("bet/batch", body.encode())

    assert 200 == response.status_code
    assert [None, 400, None] == [result.get("problem", {}).get("status") for result in response.json()["results"]]
    assert ["bet-1", "bet-2"] == await recorded(engine)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"[{},]", {}, 400),
        (b"{}", {}, 400),
        (b"[]", {"webhook_signature": "v1,AAAA"}, 401),
        (b"[]", {"content_type": "text/plain"}, 415),
        (b"[" + b" " * 1024 * 1024 + b"]", {}, 413),
        (b"[" + b",".join([b"{}"] * 501) + b"]", {}, 413),
    ],
)
async def test_what_is_wrong_with_the_whole_refuses_the_whole(
    service: Service, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert status == (await service.post_body("bet/batch", body, **headers)).status_code


async def test_nothing_is_recorded_of_a_body_that_ends_too_early(service: Service, engine: AsyncEngine) -> None:
    response = await service.post_body("bet/batch", json.dumps(bets(*range(100))).encode()[:-1])

    assert response.status_code == 400
    assert [] == await recorded(engine)


async def test_a_batch_of_nothing_has_no_results(service: Service) -> None:
    assert [] == (await post(service, [])).json()["results"]


async def test_the_largest_batch_is_recorded_whole_where_there_is_room_for_one_event_at_a_time(
    database_url: str, gateway: Running, engine: AsyncEngine
) -> None:
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, server={"unwritten_limit": 1})
    async with running(settings) as service:
        answer = (await post(service, bets(*range(120)))).json()

    assert answer["accepted"] == 120
    assert len(await recorded(engine)) == 120


async def test_a_batch_that_finds_no_room_is_refused_whole_and_may_be_repeated(
    database_url: str, gateway: Running, engine: AsyncEngine
) -> None:
    """The other one waits for a lock, and takes all the room."""
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, server={"unwritten_limit": 3})
    async with running(settings) as service:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="READ COMMITTED")
            async with connection.begin():
                await connection.execute(text("lock table events in exclusive mode"))
                batches = [asyncio.create_task(post(service, bets(*numbers))) for numbers in (range(3), range(3, 6))]
                refused, _ = await asyncio.wait(batches, return_when=asyncio.FIRST_COMPLETED)
        statuses = sorted([(await batch).status_code for batch in batches])
        again = await post(service, bets(*range(6)))

    assert [503] == [batch.result().status_code for batch in refused]
    assert [200, 503] == statuses
    assert "/problems/overloaded" == next(iter(refused)).result().json()["type"]
    assert again.json()["accepted"] == 6


async def test_batches_that_meet_are_recorded_each_event_once(service: Service, engine: AsyncEngine) -> None:
    """In different orders, and beside single events: none waits for another for ever."""
    numbers = list(range(200))
    answers = await asyncio.gather(
        post(service, bets(*numbers)),
        post(service, bets(*reversed(numbers))),
        *(service.post("bet", event) for event in bets(*numbers[::10])),
    )

    batches = [answer.json() for answer in answers[:2]]
    assert [200, 200] == [batch["accepted"] for batch in batches]
    assert {202} == {answer.status_code for answer in answers[2:]}
    assert sorted(f"bet-{number}" for number in numbers) == await recorded(engine)
    new = [result for batch in batches for result in batch["results"] if "replayed" not in result]
    assert 200 == len(new) + sum("Idempotent-Replayed" not in answer.headers for answer in answers[2:])


async def test_where_the_database_fails_in_between_the_whole_is_to_be_sent_again(
    service: Service, engine: AsyncEngine
) -> None:
    """The trigger lets the first write through, so some of the batch is recorded when the rest fails."""
    async with engine.connect() as connection:
        await connection.execute(text("create table broken (id int)"))
        await connection.execute(
            text(
                "create function fail() returns trigger language plpgsql as $$ begin "
                "if new.event_id > 'bet-1500' and exists (select from broken) then "
                "raise insufficient_resources; end if; return new; end $$"
            )
        )
        await connection.execute(
            text("create trigger fail before insert on events for each row execute function fail()")
        )
        await connection.execute(text("insert into broken values (1)"))
    batch = bets(*range(1401, 1601))

    failed = await post(service, batch)
    before = await recorded(engine)
    counted = await service.metric("events_accepted_total", feed="bet")
    async with engine.connect() as connection:
        await connection.execute(text("delete from broken"))
    again = (await post(service, batch)).json()

    assert (503, "/problems/unavailable") == (failed.status_code, failed.json()["type"])
    assert failed.headers["retry-after"]
    assert 0 < len(before) < 200
    assert len(before) == counted
    assert again["accepted"] == 200
    assert before == sorted(result["event_id"] for result in again["results"] if "replayed" in result)
    assert len(await recorded(engine)) == 200


async def test_an_event_that_the_database_will_not_have_keeps_no_other_of_its_batch_from_being_recorded(
    service: Service, engine: AsyncEngine
) -> None:
    """The whole is to be sent again for its sake, yet what is recorded is counted and logged when it is."""
    async with engine.connect() as connection:
        await connection.execute(text("alter table events add constraint refuse check (event_id <> 'bet-30')"))
    with structlog.testing.capture_logs() as lines:
        failed = await post(service, bets(*range(200)))
    logged = sorted(line["event_id"] for line in lines if line["event"] == "api.event_recorded")
    counted = await service.metric("events_accepted_total", feed="bet")
    before = await recorded(engine)
    async with engine.connect() as connection:
        await connection.execute(text("alter table events drop constraint refuse"))
    again = (await post(service, bets(*range(200)))).json()

    assert (503, "/problems/unavailable") == (failed.status_code, failed.json()["type"])
    assert sorted(f"bet-{number}" for number in range(200) if number != 30) == before == logged
    assert 199 == counted
    assert [30] == [result["index"] for result in again["results"] if "replayed" not in result]


async def test_each_event_counts_against_the_rate_and_a_batch_over_it_is_refused_whole(
    database_url: str, gateway: Running, engine: AsyncEngine
) -> None:
    clock = Clock()
    async with batching(database_url, gateway, clock=clock, rate_limit=2, rate_burst=10) as service:
        first = await post(service, bets(*range(6)))
        second = await post(service, bets(*range(6, 12)))
        clock.now += int(second.headers["retry-after"]) * 10**9
        again = await post(service, bets(*range(6, 12)))
        never = await post(service, bets(*range(11)))

    assert (200, '"bet";r=4;t=1') == (first.status_code, first.headers["ratelimit"])
    assert (429, '"bet";r=3;t=1', "2") == (
        second.status_code,
        second.headers["ratelimit"],
        second.headers["retry-after"],
    )
    assert (200, '"bet";r=1;t=1') == (again.status_code, again.headers["ratelimit"])
    assert (413, "more than 10 events") == (never.status_code, never.json().get("detail"))
    assert len(await recorded(engine)) == 12


async def test_a_batch_is_limited_as_its_feed_says(database_url: str, gateway: Running) -> None:
    async with batching(database_url, gateway, batch={"limit": 3, "body_limit": 1500}) as service:
        assert (await post(service, bets(1, 2, 3))).status_code == 200
        assert (413, "more than 3 events") == _told(await post(service, bets(1, 2, 3, 4)))
        assert (413, "more than 1500 bytes") == _told(await post(service, bets(1, metadata={"padding": "x" * 1500})))


TOLD_BY = {"told_by": "event.kind", "taken": ["realtime-casino"]}


@pytest.mark.parametrize("others", ["skipped", "refused"])
@pytest.mark.parametrize("event", [..., 5, "realtime-casino", {}, {"kind": None}, {"kind": 5}, {"kind": " "}])
async def test_an_event_that_does_not_say_whose_it_is_is_refused_rather_than_lost(
    database_url: str, gateway: Running, others: str, event: Any
) -> None:
    """Whichever feed it was meant for would skip it too."""
    (unsaid,) = bets(1, **({} if event is ... else {"event": event}))
    async with batching(database_url, gateway, batch=TOLD_BY | {"others": others}) as service:
        answer = (await post(service, [unsaid, *bets(2, event={"kind": "realtime-casino"})])).json()

    expected = {"pointer": "/0/event/kind", "detail": "is needed, as text: for this feed one of realtime-casino"}
    assert ["refused", "accepted"] == [result["status"] for result in answer["results"]]
    assert [expected] == answer["results"][0]["problem"]["errors"]


async def test_whose_an_event_is_is_compared_as_event_types_are(database_url: str, gateway: Running) -> None:
    async with batching(database_url, gateway, batch=TOLD_BY) as service:
        batch = [*bets(1, event={"kind": " Realtime-CASINO\n"}), *bets(2, event={"kind": "realtime-payment"})]
        answer = (await post(service, batch)).json()

    assert ["accepted", "skipped"] == [result["status"] for result in answer["results"]]


async def test_what_is_skipped_is_counted_and_logged_once_for_a_batch(database_url: str, gateway: Running) -> None:
    with structlog.testing.capture_logs() as lines:
        async with batching(database_url, gateway, batch=TOLD_BY) as service:
            await post(service, bets(1, 2, 3, event={"kind": "realtime-payment"}))
            await post(service, bets(4, event={"kind": "realtime-casino"}))
            counted = await service.metric("events_skipped_total", feed="bet")

    skipped = [(line["feed"], line["count"]) for line in lines if line["event"] == "api.events_skipped"]
    assert (3, [("bet", 3)]) == (counted, skipped)


async def test_an_event_may_be_no_larger_than_alone(database_url: str, gateway: Running, engine: AsyncEngine) -> None:
    (large,), (wide,) = bets(2, note="x" * 1024), bets(3, note="é" * 500)
    async with batching(database_url, gateway, body_limit=1024) as service:
        alone = await service.post("bet", large)
        batch = json.dumps([*bets(1), large, wide], ensure_ascii=False).encode()
        results = (await service.post_body("bet/batch", batch)).json()["results"]

    problem = {"status": "refused", "problem": alone.json()}
    assert 413 == alone.status_code
    assert [{"index": 1} | problem, {"index": 2} | problem] == results[1:]
    assert ["bet-1"] == await recorded(engine)


def _told(response: httpx.Response) -> tuple[int, str | None]:
    return response.status_code, response.json().get("detail")


async def test_asking_back_knows_an_event_of_a_batch_and_is_not_mistaken_for_one(service: Service) -> None:
    await post(service, bets(1))
    for path, status in {"brand1/bet-1": 200, "batch/bet-1": 404, "batch": 405}.items():
        response = await service.client.get(f"/events/bet/{path}", headers=examples.signed(b""))
        assert status == response.status_code


@pytest.mark.parametrize("feed", ["bet", "deposit"])
async def test_the_documented_batch_is_taken(service: Service, feed: str) -> None:
    document = (await service.client.get("/openapi.json")).json()
    operation = document["paths"][f"/events/{feed}/batch"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    answer = await service.post_body(f"{feed}/batch", json.dumps(content["example"]).encode())

    validate(document)
    assert {"200", "400", "401", "403", "413", "415", "500", "503"} == operation["responses"].keys()
    assert content["schema"]["type"] == "array"
    assert content["schema"]["maxItems"] == 500
    assert answer.json()["accepted"] == 1


async def test_a_process_killed_within_a_batch_and_the_batch_sent_again_leaves_each_event_once(
    serve: Serve, engine: AsyncEngine
) -> None:
    """The second write waits for a lock when the process ends, so the first is committed and nobody was answered."""
    batch = json.dumps([examples.bet(event_id=f"bet-{number:03}") for number in range(200)]).encode()

    async def send(url: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=url, timeout=examples.DEADLINE) as client:
            return await client.post("/events/bet/batch", content=batch, headers=examples.signed(batch))

    async with serve() as (process, address), engine.connect() as connection:
        # One of the last events' keys is held by another, who never commits it.
        await connection.execution_options(isolation_level="READ COMMITTED")
        async with connection.begin() as held:
            await connection.execute(text(_HOLDING))
            sending = asyncio.create_task(send(address.url))

            async def some() -> bool:
                return len(await recorded(engine)) >= 64

            await examples.eventually(some)
            process.send_signal(signal.SIGKILL)
            with anyio.fail_after(examples.DEADLINE):
                await process.wait()
            with pytest.raises(httpx.TransportError):
                await sending
            await held.rollback()
    before = await recorded(engine)
    async with serve() as (_, address):
        answer = (await send(address.url)).json()

    async with engine.connect() as connection:
        owed = list((await connection.execute(select(contributions.c.event_id))).scalars())
    assert 64 <= len(before) < 200
    assert answer["accepted"] == 200
    assert len(before) == sum("replayed" in result for result in answer["results"])
    assert {1} == set(Counter(owed).values())
    assert len(owed) == 200


_HOLDING = (
    "insert into events (feed, brand_id, event_id, fingerprint, contribution_ids, payload, ignored) "
    "values ('bet', 'brand1', 'bet-150', sha256(''), '{}', '{}', 'rollback')"
)
