"""The limits of a feed, from the configuration to the domain."""

import pytest

from app.domain.limits import Limits
from app.domain.rate import Rate
from tests.unit.settings import loaded, mistakes, toml


def _limits(**changes: str) -> Limits:
    settings = loaded(toml(**{f"feeds.bet.{name}": value for name, value in changes.items()}))
    return next(feed.limits for feed in settings.feed_values() if feed.name == "bet")


def test_by_default_there_is_no_rate_and_the_servers_body_limit_holds() -> None:
    assert Limits(rate=None, body=None, depth=64) == _limits()


def test_a_burst_is_a_seconds_worth_unless_it_is_set() -> None:
    assert Rate(per_second=10, burst=10) == _limits(rate_limit="10").rate
    assert Rate(per_second=10, burst=25) == _limits(rate_limit="10", rate_burst="25").rate


def test_a_feed_may_have_a_body_and_a_depth_of_its_own() -> None:
    assert Limits(body=2048, depth=3) == _limits(body_limit="2048", depth_limit="3")


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate_limit", "0"), ("rate_limit", "0.5"), ("body_limit", "10"), ("depth_limit", "65"), ("depth_limit", "0")],
)
def test_a_limit_that_can_not_be_is_named(name: str, value: str) -> None:
    (line,) = mistakes(toml(**{f"feeds.bet.{name}": value}))

    assert line.startswith(f"feeds.bet.{name}: ")


def test_a_burst_without_a_rate_is_a_mistake_since_it_would_limit_nothing() -> None:
    assert ("feeds.bet: rate_burst has no effect without rate_limit",) == mistakes(toml(feeds__bet__rate_burst="5"))


@pytest.mark.parametrize("url", ["https://user:secret@x", "https://x/?a=b", "x"])
def test_a_public_url_that_is_no_base_is_named(url: str) -> None:
    (line,) = mistakes(toml(server__public_url=f'"{url}"'))

    assert line.startswith("server.public_url: ")


@pytest.mark.parametrize(("url", "home"), [("https://x", "https://x"), ("https://x/a/", "https://x/a")])
def test_paths_can_be_appended_to_a_public_url(url: str, home: str) -> None:
    assert home == loaded(toml(server__public_url=f'"{url}"')).server.home()


CANONICAL = {
    "feeds.bet.webhook_secrets": None,
    "feeds.bet.signature.secrets": '["0123456789abcdef"]',
    "feeds.bet.signature.content": '"{timestamp}{canonical_json}"',
    "feeds.bet.signature.timestamp_header": '"X-Timestamp"',
}


def _bodies(**changes: str | None) -> tuple[int | None, int]:
    feed = next(feed for feed in loaded(toml(**changes)).feed_values() if feed.name == "bet")
    return feed.limits.body, feed.batch.body


def test_a_body_that_is_written_anew_to_be_verified_is_a_small_one_a_batch_too() -> None:
    small = {"feeds.bet.body_limit": "2048", "feeds.bet.batch.body_limit": "4096"}

    assert (65536, 65536) == _bodies(**CANONICAL, server__body_limit="1000000")
    assert (2048, 4096) == _bodies(**CANONICAL, **small)
    assert (None, 1048576) == _bodies(server__body_limit="1000000")


@pytest.mark.parametrize("name", ["body_limit", "batch.body_limit"])
def test_a_larger_one_is_a_mistake(name: str) -> None:
    key = f"feeds.bet.{name}"
    expected = f"{key}: must be at most 65536: a body is written anew to verify a signature of {{canonical_json}}"

    assert (expected,) == mistakes(toml(**CANONICAL, **{key: "65537"}))


@pytest.mark.parametrize(
    ("changes", "least"),
    [
        ({}, 983040),
        ({"feeds.bet.batch.body_limit": "2000000"}, 1934464),
        ({"server.body_limit": "3000000"}, 2934464),
        ({"feeds.deposit.body_limit": "4000000"}, 3934464),
    ],
    ids=["the default", "a batch's", "the server's", "a feed's"],
)
def test_the_largest_body_that_is_allowed_has_to_find_room(changes: dict[str, str], least: int) -> None:
    expected = f"server.large_bodies: must be at least {least}, or the largest body allowed never finds room"

    assert (expected,) == mistakes(toml(**changes, server__large_bodies=str(least - 1)))
    assert loaded(toml(**changes, server__large_bodies=str(least))).server.large_bodies == least
