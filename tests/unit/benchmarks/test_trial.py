"""What is made of a load's record and of the Gateway's account."""

from array import array

import pytest

from benchmarks import events
from benchmarks.bare import BARE_ROUTE
from benchmarks.generator.order import Record
from benchmarks.ours import OURS
from benchmarks.stand import Sent, Usage
from benchmarks.trial import FEWEST, MOST, events_for, finished, since, waits

USAGE = Usage(application=0, database=0, gateway=0, wal=0, memory=0)


def sent(*, event: list[int], status: list[int]) -> Sent:
    """Due at 100, 200, …, sent 10 later and answered 50 later."""
    due = [100 * (number + 1) for number in range(len(event))]
    record = Record(
        event=array("q", event),
        due=array("q", due),
        sent=array("q", [at + 10 for at in due]),
        answered=array("q", [at + 50 if code else 0 for at, code in zip(due, status, strict=True)]),
        status=array("q", status),
    )
    return Sent(prefix="a-", record=record, before=USAGE)


def arrivals(**moments: int) -> dict[str, int]:
    return {events.event_id("a-", int(number.removeprefix("n"))): at for number, at in moments.items()}


def test_an_answer_takes_from_when_its_request_was_due() -> None:
    assert [50, 50] == waits(sent(event=[0, 1], status=[202, 202]).record)


def test_what_was_never_answered_has_no_latency() -> None:
    assert [50] == waits(sent(event=[0, 1], status=[202, 0]).record)


def test_the_way_to_the_gateway_counts_from_the_first_answer_to_an_event() -> None:
    load = sent(event=[0, 1, 0], status=[202, 202, 202])
    arrived = arrivals(n0=160, n1=240)

    assert [160 - 150, 240 - 250] == since(arrived, load, load.record.answered)


def test_what_did_not_arrive_has_no_way() -> None:
    load = sent(event=[0, 1], status=[202, 202])

    assert [10] == since(arrivals(n0=160), load, load.record.answered)


def test_only_what_was_acknowledged_was_promised() -> None:
    load = sent(event=[0, 1, 2], status=[202, 503, 0])

    assert {events.event_id("a-", 0): events.amount(0)} == load.acknowledged()
    assert load.succeeded == 1


def test_who_does_not_forward_has_done_what_was_answered() -> None:
    assert (2, 350) == finished(BARE_ROUTE, sent(event=[0, 1, 2], status=[202, 503, 202]), {})


def test_who_forwards_has_done_what_arrived_when_the_last_of_it_did() -> None:
    load = sent(event=[0, 1], status=[202, 202])

    assert (2, 900) == finished(OURS, load, arrivals(n0=500, n1=900))
    assert (1, 500) == finished(OURS, load, arrivals(n0=500))


def test_the_requests_that_repeat_an_event_are_done_with_it() -> None:
    load = sent(event=[0, 0, 0, 1], status=[202] * 4)

    assert (4, 500) == finished(OURS, load, arrivals(n0=500, n1=300))


@pytest.mark.parametrize(("rate", "expected"), [(1, FEWEST), (1000, 5000), (10**6, MOST)])
def test_a_load_lasts_about_as_long_as_it_should_and_is_neither_tiny_nor_endless(rate: float, expected: int) -> None:
    assert expected == events_for(rate, 5.0)
