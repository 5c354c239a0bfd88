"""Each problem is provoked on a running service, and is as its page says, to which its `type` leads."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Message

from app.api import pages, problems
from app.api.problems import ProblemType
from app.api.state import Drain
from app.ledger.inbox import Inbox
from tests import examples
from tests.acceptance import wire
from tests.acceptance.service import Service, running
from tests.acceptance.serving import served
from tests.examples import Running

FOLDER = Path(__file__).parents[2] / "docs" / "problems"
TYPES = {kind.cause: kind for kind in vars(problems).values() if isinstance(kind, ProblemType)}
SECTIONS = ["What to change", "May it be sent again?", "Example"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a problem is provoked."""

    database_url: str
    engine: AsyncEngine
    gateway_url: str
    monkeypatch: pytest.MonkeyPatch

    @asynccontextmanager
    async def service(self, **options: Any) -> AsyncIterator[Service]:
        """A running service. Options that are settings change them, others are the application's."""
        outside = {name: options.pop(name) for name in ("drain", "clock") if name in options}
        chosen = {"database_url": self.database_url, "gateway_url": self.gateway_url} | options
        async with running(examples.settings(**chosen), **outside) as service:
            yield service


Provoked = tuple[Service, httpx.Response]
Provocation = Callable[[Service], Awaitable[httpx.Response]]


async def _asked(service: Service, path: str) -> httpx.Response:
    return await service.client.get(path, headers=examples.signed(b""))


async def _posted_twice(service: Service) -> httpx.Response:
    await service.post("bet", examples.bet())
    return await service.post("bet", examples.bet(amount="9.99"))


async def _cut_off(service: Service) -> httpx.Response:
    """What would be answered, were anybody there."""
    sent = list[Message]()
    request = httpx.Request("POST", "http://service/events/bet")

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/events/bet", "headers": [], "query_string": b""}
    await service.app(scope, receive, send)
    start, body = sent
    return httpx.Response(start["status"], headers=start["headers"], content=body["body"], request=request)


async def _invalid(service: Service) -> httpx.Response:
    fields = examples.bet(amount=-1)
    del fields["round_id"]
    return await service.post("bet", fields)


# On a service as it is.
SIMPLE: dict[str, Provocation] = {
    "malformed-json": lambda service: service.post_body("bet", b"{amount: 1}"),
    "disconnected": _cut_off,
    "unauthenticated": lambda service: service.client.post("/events/bet", json=examples.bet()),
    "unknown-brand": lambda service: service.post("bet", examples.bet(brand_id="brand3")),
    "not-found": lambda service: service.post("poker", examples.bet()),
    "unknown-event": lambda service: _asked(service, "/events/bet/brand1/bet-1"),
    "method-not-allowed": lambda service: service.client.get("/events/bet"),
    "conflict": _posted_twice,
    "too-large": lambda service: service.post("bet", examples.bet(metadata={"padding": "x" * 70_000})),
    "not-json": lambda service: service.post("bet", examples.bet(), content_type="text/plain"),
    "invalid-event": _invalid,
}


@asynccontextmanager
async def _too_many_requests(stage: Stage) -> AsyncIterator[Provoked]:
    feeds = {"bet": {"webhook_secrets": [examples.SECRET], "rate_limit": 10, "rate_burst": 20}}
    async with stage.service(feeds=feeds | {"deposit": {"enabled": False}}, clock=lambda: 0) as service:
        for number in range(20):
            assert (await service.post("bet", examples.bet(event_id=str(number)))).status_code == 202
        yield service, await service.post("bet", examples.bet())


@asynccontextmanager
async def _forbidden_address(stage: Stage) -> AsyncIterator[Provoked]:
    feeds = {"bet": {"webhook_secrets": [examples.SECRET], "allowed_addresses": ["192.0.2.0/24"]}}
    async with stage.service(feeds=feeds | {"deposit": {"enabled": False}}) as service:
        yield service, await service.post("bet", examples.bet())


@asynccontextmanager
async def _malformed_request(stage: Stage) -> AsyncIterator[Provoked]:
    settings = examples.settings(database_url=stage.database_url, gateway_url=stage.gateway_url)
    async with served(settings) as address:
        reader, writer = await address.connect()
        writer.write(b"nonsense\r\n\r\n")
        response = await wire.answer(reader)
        writer.close()
    response.request = httpx.Request("POST", "http://service/events/bet")
    async with stage.service() as service:
        yield service, response


@asynccontextmanager
async def _internal_error(stage: Stage) -> AsyncIterator[Provoked]:
    async def broken(_self: Inbox, _entry: Any) -> None:
        raise RuntimeError("planted")

    stage.monkeypatch.setattr(Inbox, "record", broken)
    async with stage.service() as service:
        yield service, await service.post("bet", examples.bet())


@asynccontextmanager
async def _unavailable(stage: Stage) -> AsyncIterator[Provoked]:
    async with stage.service(database_url="postgresql://nobody@127.0.0.1:9/nowhere") as service:
        yield service, await service.post("bet", examples.bet())


@asynccontextmanager
async def _overloaded(stage: Stage) -> AsyncIterator[Provoked]:
    options = {"server": {"unwritten_limit": 1}, "database_timeout": "60s", "dispatcher": {"lease": "5m"}}
    async with stage.service(**options) as service:
        async with stage.engine.connect() as connection:
            await connection.execution_options(isolation_level="READ COMMITTED")
            async with connection.begin():
                await connection.execute(text("lock table events in exclusive mode"))
                unwritten = asyncio.create_task(service.post("bet", examples.bet()))

                async def full() -> bool:
                    return await service.metric("events_unwritten") == 1

                await examples.eventually(full)
                response = await service.post("bet", examples.bet(event_id="one too many"))
        await unwritten
        yield service, response


@asynccontextmanager
async def _draining(stage: Stage) -> AsyncIterator[Provoked]:
    async with stage.service(drain=Drain(draining=True)) as service:
        yield service, await service.post("bet", examples.bet())


SPECIAL = {
    "too-many-requests": _too_many_requests,
    "forbidden-address": _forbidden_address,
    "malformed-request": _malformed_request,
    "internal-error": _internal_error,
    "unavailable": _unavailable,
    "overloaded": _overloaded,
    "draining": _draining,
}


@asynccontextmanager
async def provoked(cause: str, stage: Stage) -> AsyncIterator[Provoked]:
    """A service, and its answer to what provokes the problem."""
    if special := SPECIAL.get(cause):
        async with special(stage) as found:
            yield found
    else:
        async with stage.service() as service:
            yield service, await SIMPLE[cause](service)


@pytest.fixture
def stage(database_url: str, engine: AsyncEngine, gateway: Running, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(database_url=database_url, engine=engine, gateway_url=gateway.url, monkeypatch=monkeypatch)


def test_every_problem_has_a_page_and_every_page_a_problem() -> None:
    assert TYPES.keys() == {path.stem for path in FOLDER.glob("*.md")} - {pages.INDEX}


def test_every_problem_is_provoked_here() -> None:
    assert TYPES.keys() == SIMPLE.keys() | SPECIAL.keys()


def test_the_list_of_problems_is_complete_and_true() -> None:
    rows = re.findall(
        r"^- (\d+) \[([\w-]+)\]\(([\w-]+)\.md\): (.*)\.$", (FOLDER / "README.md").read_text(), re.MULTILINE
    )

    assert sorted(rows) == sorted((str(kind.status), kind.cause, kind.cause, kind.title) for kind in TYPES.values())


@pytest.mark.parametrize("cause", sorted(TYPES))
async def test_a_problem_is_as_its_page_says_and_leads_to_it(cause: str, stage: Stage) -> None:
    page = (FOLDER / f"{cause}.md").read_text()
    head, _, example = page.partition("```http\n")[2].partition("\n```")[0].partition("\n\n")
    status, *fields = head.splitlines()
    async with provoked(cause, stage) as (service, response):
        served = await service.client.get(urljoin(str(response.request.url), response.json()["type"]))

    assert json.loads(example) == response.json()
    assert status.startswith(f"HTTP/1.1 {response.status_code} ")
    assert {tuple(line.lower().split(": ", 1)) for line in fields} <= {
        (name, value.lower()) for name, value in response.headers.items()
    }
    assert page.startswith(f"# {response.json()['title']}\n\n`/problems/{cause}`, status {response.status_code}.\n")
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == SECTIONS
    assert (200, "text/plain; charset=utf-8", page) == (served.status_code, served.headers["content-type"], served.text)


async def test_the_list_is_served_too_and_what_is_no_problem_is_not(service: Service) -> None:
    assert (FOLDER / "README.md").read_text() == (await service.client.get("/problems")).text
    for name in ("no-such-problem", pages.INDEX, "..%2F..%2Fpyproject"):
        assert (await service.client.get(f"/problems/{name}")).status_code == 404


async def test_a_process_that_only_dispatches_explains_its_refusals_too(stage: Stage) -> None:
    settings = examples.settings(database_url=stage.database_url, gateway_url=stage.gateway_url)
    async with running(settings, receive=False) as service:
        response = await service.post("bet", examples.bet())

        assert (await service.client.get(response.json()["type"])).status_code == 200


async def test_a_type_is_whole_where_the_service_knows_its_address(stage: Stage) -> None:
    """And its page is where the proxy in front makes a path of ours of it."""
    home = "https://events.example.com/jackpots"
    async with stage.service(server={"public_url": home}) as service:
        refused = (await service.post("bet", {})).json()["type"]
        conflict = (await _posted_twice(service)).json()["type"]
        document = (await service.client.get("/openapi.json")).json()
        page = await service.client.get(urlsplit(refused).path.removeprefix("/jackpots"))

    examples_of_422 = document["paths"]["/events/bet"]["post"]["responses"]["422"]["content"]
    assert [f"{home}/problems/invalid-event", f"{home}/problems/conflict"] == [refused, conflict]
    assert page.status_code == 200
    assert [{"url": home}] == document["servers"]
    assert refused == examples_of_422["application/problem+json"]["examples"]["invalid-event"]["value"]["type"]


async def test_what_has_no_page_has_no_type_of_its_own() -> None:
    kind = ProblemType(cause="http-418", status=418, title="I'm a teapot", has_page=False)

    assert problems.reference(kind, "https://events.example.com") == "about:blank"
