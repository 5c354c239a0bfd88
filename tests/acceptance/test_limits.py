"""The limits of a feed, over the running service. The clock is the test's: nothing depends on how fast it runs."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from app.domain.rate import SECOND
from tests import examples
from tests.acceptance.service import Service, running
from tests.examples import Running


class Clock:
    """Nanoseconds that pass when they are told to."""

    now = 0

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@asynccontextmanager
async def _limited(database_url: str, gateway: Running, clock: Clock, **limits: Any) -> AsyncIterator[Service]:
    feeds = {
        "bet": {"webhook_secrets": [examples.SECRET]} | limits,
        "deposit": {"webhook_secrets": [examples.SECRET]},
    }
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)
    async with running(settings, clock=clock) as service:
        yield service


@pytest.fixture
async def service(database_url: str, gateway: Running, clock: Clock) -> AsyncIterator[Service]:
    async with _limited(database_url, gateway, clock, rate_limit=2, rate_burst=3) as service:
        yield service


async def _post(service: Service, number: int, **headers: str) -> httpx.Response:
    return await service.post("bet", examples.bet(event_id=f"bet-{number}"), **headers)


def _told(response: httpx.Response) -> tuple[int, str | None, str | None]:
    return response.status_code, response.headers.get("ratelimit"), response.headers.get("retry-after")


async def test_a_burst_is_taken_then_what_comes_back_and_each_answer_says_what_is_left(
    service: Service, clock: Clock
) -> None:
    burst = [await _post(service, number) for number in range(5)]
    clock.now += SECOND
    later = [await _post(service, number) for number in range(10, 13)]

    assert [
        (202, '"bet";r=2;t=1', None),
        (202, '"bet";r=1;t=1', None),
        (202, '"bet";r=0;t=1', None),
        (429, '"bet";r=0;t=1', "1"),
        (429, '"bet";r=0;t=1', "1"),
        (202, '"bet";r=1;t=1', None),
        (202, '"bet";r=0;t=1', None),
        (429, '"bet";r=0;t=1', "1"),
    ] == [_told(response) for response in (*burst, *later)]
    assert {'"bet";q=3;w=2'} == {response.headers["ratelimit-policy"] for response in (*burst, *later)}
    assert await service.metric("events_refused_total", feed="bet", cause="too-many-requests") == 3


async def test_what_was_refused_for_the_rate_is_not_recorded_and_may_be_sent_again(
    service: Service, clock: Clock
) -> None:
    for number in range(4):
        await _post(service, number)
    clock.now += SECOND
    again = await _post(service, 3)

    assert (202, None) == (again.status_code, again.headers.get("idempotent-replayed"))


async def test_a_feed_without_a_rate_has_neither_limit_nor_fields(service: Service) -> None:
    answers = [await service.post("deposit", examples.deposit(event_id=str(number))) for number in range(10)]

    assert {202} == {answer.status_code for answer in answers}
    assert not [name for answer in answers for name in answer.headers if name.startswith("ratelimit")]


async def test_nobody_but_the_sender_uses_up_its_quota(service: Service) -> None:
    strangers = [await _post(service, number, webhook_signature="v1,AAAA") for number in range(10)]
    sender = [await _post(service, number) for number in range(3)]

    assert [401] * 3 + [429] * 7 == [answer.status_code for answer in strangers]
    assert [202] * 3 == [answer.status_code for answer in sender]


async def test_a_stranger_above_the_rate_loses_its_connection_and_is_told_nothing_of_the_quota(
    service: Service,
) -> None:
    answers = [await _post(service, number, webhook_signature="v1,AAAA") for number in range(4)]

    assert (429, None, "1") == _told(answers[-1])
    assert "close" == answers[-1].headers["connection"]
    assert "ratelimit-policy" not in answers[-1].headers


async def test_authentic_requests_count_whatever_becomes_of_them(service: Service) -> None:
    answers = [await service.post("bet", {}), await service.post_body("bet", b"{"), await _post(service, 1)]
    answers += [await service.post("bet", {})]

    assert [422, 400, 202, 429] == [answer.status_code for answer in answers]


async def test_questions_have_a_quota_of_their_own(service: Service) -> None:
    for number in range(3):
        await _post(service, number)
    answers = [
        await service.client.get(f"/events/bet/brand1/bet-{number}", headers=examples.signed(b""))
        for number in range(4)
    ]

    assert [
        (200, '"bet";r=2;t=1', None),
        (200, '"bet";r=1;t=1', None),
        (200, '"bet";r=0;t=1', None),
        (429, '"bet";r=0;t=1', "1"),
    ] == [_told(answer) for answer in answers]


async def test_the_rate_is_documented_where_there_is_one(service: Service) -> None:
    paths = (await service.client.get("/openapi.json")).json()["paths"]
    bet, deposit = (paths[f"/events/{feed}"]["post"]["responses"] for feed in ("bet", "deposit"))

    assert {"Retry-After", "RateLimit", "RateLimit-Policy"} == bet["429"]["headers"].keys()
    assert {"RateLimit", "RateLimit-Policy"} <= bet["202"]["headers"].keys()
    assert "429" not in deposit
    assert "RateLimit" not in deposit["202"]["headers"]


async def test_a_feed_has_a_body_limit_of_its_own_smaller_or_larger(
    database_url: str, gateway: Running, clock: Clock
) -> None:
    def sized(size: int, event_id: str) -> bytes:
        fields = examples.bet(event_id=event_id, metadata={"padding": ""})
        fields["metadata"]["padding"] = "x" * (size - len(json.dumps(fields)))
        return json.dumps(fields).encode()

    for limit in (2048, 100_000):
        async with _limited(database_url, gateway, clock, body_limit=limit) as service:
            fits = await service.post_body("bet", sized(limit, f"fits-{limit}"))
            too_large = await service.post_body("bet", sized(limit + 1, f"too-large-{limit}"))
            other = await service.post("deposit", examples.deposit(event_id=str(limit), metadata={"p": "x" * 60_000}))

        assert [202, 413, 202] == [answer.status_code for answer in (fits, too_large, other)]


async def test_a_feed_has_a_depth_limit_of_its_own(database_url: str, gateway: Running, clock: Clock) -> None:
    async with _limited(database_url, gateway, clock, depth_limit=3) as service:
        fits = await service.post("bet", examples.bet(event_id="1", metadata={"a": [1]}))
        too_deep = await service.post("bet", examples.bet(event_id="2", metadata={"a": [[1]]}))
        other = await service.post("deposit", examples.deposit(metadata={"a": [[1]]}))

    assert [202, 400, 202] == [answer.status_code for answer in (fits, too_deep, other)]
    assert "nested deeper than 3 levels" == too_deep.json()["detail"]


@pytest.mark.parametrize("path", ["bet", "bet/batch"])
async def test_a_body_that_is_signed_in_its_canonical_form_is_refused_unread_where_it_is_large(
    database_url: str, gateway: Running, path: str
) -> None:
    feeds = {"bet": {"signature": {"secrets": ["0123456789abcdef"], "content": "{canonical_json}"}}}
    settings = examples.settings(
        database_url=database_url,
        gateway_url=gateway.url,
        feeds=feeds | {"deposit": {"enabled": False}},
        server={"body_limit": 1024 * 1024},
    )
    async with running(settings) as service:
        small, large = [await service.post_body(path, b" " * (64 * 1024 + more)) for more in (0, 1)]

    assert [401, 413] == [small.status_code, large.status_code]
