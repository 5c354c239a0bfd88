"""What each answer of the Gateway means, as the table in the design says."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.outcome import Answered, NotSent, Reply, Unanswered, Verdict, Withheld, retry_after, verdict

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RETRIED = {401, 408, 425, 429}  # the Gateway client has tried a fresh token by then
PERMISSION = {403}


@pytest.mark.parametrize(
    ("expected", "statuses"),
    [
        (Verdict.CONTRIBUTED, set(range(200, 300))),
        (Verdict.FORBIDDEN, {403}),
        (Verdict.RETRY, RETRIED),
        (Verdict.UNAVAILABLE, {503}),
        (Verdict.DECLINED, set(range(400, 500)) - RETRIED - PERMISSION),
        (Verdict.AMBIGUOUS, {*range(100, 200), *range(300, 400), *range(500, 600)} - {503}),
    ],
    ids=lambda value: value.name.lower() if isinstance(value, Verdict) else "",
)
def test_a_verdict_is_given_to_its_statuses_and_to_no_other(expected: Verdict, statuses: set[int]) -> None:
    assert statuses == {status for status in range(100, 600) if verdict(Answered(status=status)) is expected}


@pytest.mark.parametrize("status", [-1, 0, 99, 600, 999])
def test_a_status_that_http_does_not_know_is_ambiguous(status: int) -> None:
    assert verdict(Answered(status=status)) is Verdict.AMBIGUOUS


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (NotSent(cause="connection refused"), Verdict.UNREACHABLE),
        (Withheld(cause="no service token"), Verdict.WITHHELD),
        (Unanswered(cause="read timeout"), Verdict.AMBIGUOUS),
    ],
)
def test_without_an_answer_it_counts_whether_a_byte_can_have_been_sent(reply: Reply, expected: Verdict) -> None:
    assert expected is verdict(reply)


@given(st.integers(100, 599), st.text(), st.none() | st.text())
def test_only_the_status_decides(status: int, body: str, wait: str | None) -> None:
    assert verdict(Answered(status=status)) is verdict(Answered(status=status, body=body, retry_after=wait))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", timedelta()),
        ("1", timedelta(seconds=1)),
        ("120", timedelta(minutes=2)),
        ("007", timedelta(seconds=7)),
        ("0000000000120", timedelta(minutes=2)),
    ],
)
def test_a_wait_in_seconds_is_read(value: str, expected: timedelta) -> None:
    assert expected == retry_after(Answered(status=503, retry_after=value), now=NOW)


@pytest.mark.parametrize("value", ["3600", "86400", "1000000", "999999999", "9" * 10, "9" * 30, "9" * 5_000], ids=len)
def test_a_huge_wait_is_still_a_long_one(value: str) -> None:
    wait = retry_after(Answered(status=503, retry_after=value), now=NOW)

    assert wait is not None
    assert wait >= timedelta(hours=1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Sun, 22 Nov 2026 12:02:00 GMT", timedelta(minutes=2)),
        ("Sunday, 22-Nov-26 12:02:00 GMT", timedelta(minutes=2)),
        ("Sun Nov 22 12:02:00 2026", timedelta(minutes=2)),
        ("Sun, 22 Nov 2026 13:02:00 +0100", timedelta(minutes=2)),
        ("Sun, 22 Nov 2026 12:00:00 GMT", timedelta()),
        ("Sun, 22 Nov 2026 11:59:59 GMT", timedelta()),
        ("Thu, 01 Jan 1970 00:00:00 GMT", timedelta()),
        ("Fri, 31 Dec 9999 23:59:59 GMT", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - NOW),
    ],
)
def test_a_wait_until_a_date_is_read_in_each_form_of_http(value: str, expected: timedelta) -> None:
    assert expected == retry_after(Answered(status=503, retry_after=value), now=NOW)


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "soon", "-5", "+5", "1.5", "1e3", "0x10", "5s", "5, 6", "\u00b2", "\u0663", "\x00"),
        *("GMT", "2026-11-22T12:02:00Z", "Sun, 22 Nov 2026", "Sun, 22 Nov 99999 12:02:00 GMT"),
        *("Sun, 32 Nov 2026 12:02:00 GMT", "Sun, 22 Nov 2026 25:02:00 GMT", "Sun, 22 Foo 2026 12:02:00 GMT"),
        "Sun, 22 Nov 99999999999999999999 12:02:00 GMT",
        "Sun, 99999999999999999999 Nov 2026 12:02:00 GMT",
        "Sun, 22 Nov 2026 99999999999999999999:02:00 GMT",
        "Sun, 22 Nov 2026 12:02:00 +99999999999999999999",
    ],
)
def test_a_malformed_wait_is_no_wait(value: str) -> None:
    assert retry_after(Answered(status=503, retry_after=value), now=NOW) is None


@given(st.text())
def test_no_text_is_read_as_a_negative_wait(value: str) -> None:
    wait = retry_after(Answered(status=503, retry_after=value), now=NOW)

    assert wait is None or wait >= timedelta()


@pytest.mark.parametrize("reply", [Answered(status=503), NotSent(cause=""), Withheld(cause=""), Unanswered(cause="")])
def test_where_the_gateway_asks_for_no_wait_there_is_none(reply: Reply) -> None:
    assert retry_after(reply, now=NOW) is None
