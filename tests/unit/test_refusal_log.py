"""The log of refused requests: what a line has, and how many lines there are at most."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from app.api import problems
from app.api.problems import ProblemType, Refusal
from app.api.refusal_log import LINES, RefusalLog
from app.domain.rate import SECOND
from app.observability.logs import request_id
from app.observability.metrics import Metrics
from tests import examples

SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "POST",
    "path": "/events/bet",
    "client": ("10.0.3.17", 40000),
    "headers": [(b"content-length", b"17")],
}
Lines = list[Any]


@pytest.fixture
def lines() -> Iterator[Lines]:
    with structlog.testing.capture_logs() as lines:
        yield lines


class Clock:
    now = 0

    def __call__(self) -> int:
        return self.now


def _write(log: RefusalLog, feed: str = "bet", kind: ProblemType = problems.NOT_JSON, **changes: Any) -> None:
    log.write("api.event_refused", feed, SCOPE | changes, Refusal(kind))


def test_a_line_says_what_was_refused_and_to_whom(lines: Lines) -> None:
    log = RefusalLog(Metrics(), bodies=False, clock=Clock(), token_paths={})
    log.write(
        "api.event_refused", "bet", SCOPE | {"body": b"sesame"}, Refusal(problems.INVALID, "1 mistake", errors=[])
    )
    expected = {"feed": "bet", "cause": "invalid-event", "status": 422, "detail": "1 mistake", "errors": []}

    assert lines == [
        {"event": "api.event_refused", "log_level": "info", "method": "POST", "path": "/events/bet"}
        | {"peer": "10.0.3.17", "bytes": 6}
        | expected
    ]


def test_of_a_body_that_was_not_read_its_announced_length_is_logged(lines: Lines) -> None:
    _write(RefusalLog(Metrics(), bodies=True, clock=Clock(), token_paths={}))

    assert (17, False) == (lines[0]["bytes"], "body" in lines[0])


def test_a_peer_without_an_address_and_a_body_without_a_length_are_left_out(lines: Lines) -> None:
    _write(
        RefusalLog(Metrics(), bodies=False, clock=Clock(), token_paths={}),
        client=None,
        headers=[(b"content-length", b"many")],
    )

    assert not {"peer", "bytes"} & lines[0].keys()


def test_bodies_are_logged_only_where_that_is_switched_on_and_their_tokens_masked(lines: Lines) -> None:
    body = b'{"player_id": "42", "player_token": "open-sesame"}'
    _write(RefusalLog(Metrics(), bodies=False, clock=Clock(), token_paths={}), body=body)
    _write(RefusalLog(Metrics(), bodies=True, clock=Clock(), token_paths={}), body=body)

    assert [None, '{"player_id": "42", "player_token": "***"}'] == [line.get("body") for line in lines]


async def test_a_flood_is_counted_and_hides_no_other_cause_and_no_other_feed(lines: Lines) -> None:
    metrics, clock = Metrics(), Clock()
    log = RefusalLog(metrics, bodies=False, clock=clock, token_paths={})
    for _ in range(LINES.burst + 1000):
        _write(log)
    _write(log, kind=problems.UNAUTHENTICATED)
    _write(log, feed="deposit")
    log.tell()
    clock.now += SECOND
    for _ in range(1000):
        _write(log)
    log.tell()

    assert [("bet", "not-json")] * LINES.burst + [
        ("bet", "unauthenticated"),
        ("deposit", "not-json"),
        ("bet", "not-json", 1000),
    ] + [("bet", "not-json")] * LINES.per_second + [("bet", "not-json", 1000 - LINES.per_second)] == [
        (line["feed"], line["cause"], *([line["count"]] if "count" in line else [])) for line in lines
    ]
    counted = f'event_processor_refusals_left_out_total{{feed="bet"}} {2000 - LINES.per_second}.0'
    assert counted in metrics.exposition().decode().splitlines()


async def test_what_was_left_out_is_told_by_itself_as_no_requests_line() -> None:
    """Also when the flood has ended, and nobody asks."""
    request_id.set("one-of-the-flood")
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars, _identified]) as lines:
        log = RefusalLog(Metrics(), bodies=False, clock=Clock(), token_paths={})
        for _ in range(LINES.burst + 3):
            _write(log)

        async def told() -> bool:
            return "api.refusals_left_out" in {line["event"] for line in lines}

        await examples.eventually(told)

    assert (3, None) == (lines[-1]["count"], lines[-1]["id"])
    assert lines[0]["id"] == "one-of-the-flood"


def _identified(_logger: Any, _level: str, fields: Any) -> Any:
    return fields | {"id": request_id.get()}
