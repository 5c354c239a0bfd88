"""The configurations of docs/guide.md, with their payloads and the mistakes made with them, as they stand there."""

import gzip
import json
import re
import time
import tomllib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import CONFIG, Settings, load
from tests import examples, samples
from tests.acceptance.guide import Block, blocks, matches, rows, section
from tests.acceptance.service import Service, running
from tests.examples import Running

Configure = Callable[[str], Settings]

OWED = {
    "flat-cents": ("casino", "brand1", "812001", "sample-slot", "2.50"),
    "nested-decimal": ("casino", "brand1", "b-1", "sample-slot", "2.50"),
    "activity-list": ("casino", "brand1", "act-1", "sample-slot", "2.5"),
    "payment-notification": ("payments", "brand1", "pay-1", "DEPOSIT", "100"),
    "wallet-transaction": ("wallet", "brand1", "w-1", "sample-slot", "2.5"),
    "": ("casino", "brand1", "9", "sample-slot", "2.500"),
}


def _head() -> str:
    """The configuration to try, without its feed."""
    found = re.search(r"<<'END'\n(operator_id.*?)\[feeds\.casino\]", section("A configuration to try"), re.DOTALL)
    assert found
    return found[1]


def _configurations() -> dict[str, Block]:
    """Each by its profile, and one without."""
    found = [block for heading in ("Profiles", "Mapping fields") for block in blocks(section(heading))]
    return {_feed(block.text).get("profile", ""): block for block in found}


def _feed(configuration: str) -> dict[str, Any]:
    (feed,) = tomllib.loads(configuration)["feeds"].values()
    return dict(feed)


CONFIGURATIONS = _configurations()


@pytest.fixture
def configure(database_url: str, gateway: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Settings from a file with this text, for our database and our Gateway."""
    monkeypatch.setenv("EVENT_PROCESSOR_DATABASE_URL", database_url)
    monkeypatch.setenv("EVENT_PROCESSOR_GATEWAY__URL", gateway.url)
    monkeypatch.setenv(CONFIG, str(tmp_path / "guide.toml"))

    def configured(text: str) -> Settings:
        (tmp_path / "guide.toml").write_text(text, encoding="utf-8")
        return load()

    return configured


def _signed(settings: Settings, feed: str, body: bytes, *, ago: int = 0) -> dict[str, str]:
    """The headers of a request as the feed's sender makes them."""
    schemes = {each.name: each.scheme for each in settings.feed_values()}
    signature = schemes[feed].credentials(body, message_id="msg_1", timestamp=int(time.time()) - ago)
    return {"content-type": "application/json"} | signature


@pytest.mark.parametrize("profile", CONFIGURATIONS)
async def test_each_configuration_contributes_what_its_payload_is_worth(
    profile: str, configure: Configure, gateway: Running
) -> None:
    block, (feed, *_) = CONFIGURATIONS[profile], OWED[profile]
    settings, body = configure(_head() + block.text), block.shown.encode()
    async with running(settings) as service:
        answer = await service.client.post(f"/events/{feed}", content=body, headers=_signed(settings, feed, body))
        assert (202, "accepted") == (answer.status_code, answer.json().get("status")), answer.text

        async def called() -> bool:
            return bool(gateway.simulator.account.calls)

        await examples.eventually(called)
    assert [OWED[profile]] == [(*call.owed, call.base_wager) for call in gateway.simulator.account.calls]


def test_each_profile_is_shown_with_its_sample() -> None:
    shown = {profile: json.loads(block.shown) for profile, block in CONFIGURATIONS.items() if profile}

    assert {name: samples.fields(f"profiles/{name}") for name in samples.names("profiles")} == shown


async def test_the_limits_are_settings_of_a_feed(configure: Configure) -> None:
    (limits,) = blocks(section("Limits"))
    settings = configure(_head() + CONFIGURATIONS["flat-cents"].text + limits.text)

    (feed,) = settings.feed_values()
    assert (16384, 8) == (feed.limits.body, feed.limits.depth)
    assert feed.addresses.hold("127.0.0.1")  # who pastes them is not locked out


CASINO = samples.body("profiles/flat-cents")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A request: right but for what is said here. `signed` is what was signed in place of the body."""

    feed: str = "casino"
    body: bytes = CASINO
    signed: bytes | None = None
    ago: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    path: str = ""


def _casino(**changes: Any) -> Mistake:
    return Mistake(body=json.dumps(samples.fields("profiles/flat-cents") | changes).encode())


def _bet(**changes: Any) -> Mistake:
    return Mistake(feed="bet", body=json.dumps(examples.bet(**changes)).encode())


FORM = {"content-type": "application/x-www-form-urlencoded"}
MISTAKES = {
    "wrong secret, or a body that was written again after signing": Mistake(signed=CASINO + b" "),
    "signature in another header": Mistake(headers={"x-signature": "", "x-sign": "0" * 64}),
    "wrong clock": Mistake(feed="bet", ago=3600),
    "timestamp in milliseconds, with Standard Webhooks": Mistake(
        feed="bet", headers={"webhook-timestamp": "1795348800000"}
    ),
    "signature's timestamp in seconds where the feed reads milliseconds, or the reverse": Mistake(
        feed="timed", headers={"x-timestamp": str(int(time.time()))}
    ),
    "no such feed": Mistake(path="/events/casinos"),
    "form fields instead of JSON": Mistake(body=b"transaction_id=812001&amount=250", headers=FORM),
    "compressed body": Mistake(body=gzip.compress(CASINO), headers={"content-encoding": "gzip"}),
    "array instead of an object": Mistake(body=b"[" + CASINO + b"]"),
    "no body": Mistake(body=b""),
    "comma behind the last field": Mistake(body=CASINO.rstrip().removesuffix(b"}") + b",}"),
    "byte order mark": Mistake(body=b"\xef\xbb\xbf" + CASINO),
    "wrong path in `fields`": Mistake(feed="astray"),
    "amount with a comma": _casino(amount="2,50"),
    "stake below zero": _casino(amount=-250),
    "currency in small letters": _casino(currency="eur"),
    "date where the feed reads seconds": _casino(timestamp="2026-11-22T12:00:00Z"),
    "milliseconds where the feed reads seconds": _casino(timestamp=1795348800000),
    "time without a zone": _bet(occurred_at="2026-11-22T12:00:00"),
    "player's id as a number, in our own schema": _bet(player_id=5001),
    "address that is not allowed": Mistake(feed="elsewhere"),
    "brand with the operator in front": _bet(brand_id="casino:brand1"),
    "id used again for another event": _casino(amount=999),
}


@pytest.fixture
async def mistaken(database_url: str, gateway: Running) -> AsyncIterator[tuple[Service, Settings]]:
    """A service with the guide's feed, one of our own schema, one that looks for the amount where it is not, one for
    other addresses, and one that reads milliseconds in its signature. It has an event, whose id is used again.
    """
    casino = _feed(CONFIGURATIONS["flat-cents"].text)
    fields = {"brand_id": {"constant": "brand1"}, "amount": "stake.sum"}
    milliseconds = {
        "content": "{timestamp}.{body}",
        "timestamp_header": "X-Timestamp",
        "timestamp_form": "milliseconds",
        "secrets": ["a-secret-that-the-platform-has-too"],
    }
    settings = examples.settings(
        database_url=database_url,
        gateway_url=gateway.url,
        feeds={
            "bet": {"webhook_secrets": [examples.SECRET]},
            "deposit": {"enabled": False},
            "casino": casino,
            "astray": casino | {"fields": fields},
            "elsewhere": casino | {"allowed_addresses": ["203.0.113.0/24"]},
            "timed": casino | {"signature": milliseconds, "timestamp_tolerance": "1d"},  # however long ago it was made
        },
    )
    async with running(settings) as service:
        yield service, settings


async def _sent(service: Service, settings: Settings, mistake: Mistake) -> httpx.Response:
    content = mistake.body if mistake.signed is None else mistake.signed
    headers = _signed(settings, mistake.feed, content, ago=mistake.ago) | mistake.headers
    path = mistake.path or f"/events/{mistake.feed}"
    return await service.client.post(path, content=mistake.body, headers=headers)


async def test_each_mistake_is_answered_as_the_guide_says(mistaken: tuple[Service, Settings]) -> None:
    said = {name: (answer, detail) for name, answer, detail, _ in rows(section("Mistakes, and how to see them"))}
    told = {}
    assert (await _sent(*mistaken, Mistake())).status_code == 202
    for name, mistake in MISTAKES.items():
        answer = await _sent(*mistaken, mistake)
        told[name] = (f"{answer.status_code} `{answer.json()['type'].rpartition('/')[2]}`", _details(answer.json()))

    assert said.keys() == told.keys()
    for name, (expected, detail) in said.items():
        assert expected == told[name][0], name
        assert matches(detail, told[name][1]), (name, told[name][1])


def _details(problem: dict[str, Any]) -> str:
    """As the guide writes them."""
    if "errors" in problem:
        return ", ".join(f"`{each['pointer']}`: `{each['detail']}`" for each in problem["errors"])
    return f"`{problem['detail']}`" if "detail" in problem else ""
