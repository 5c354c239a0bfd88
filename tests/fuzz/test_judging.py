"""The judges of `make fuzz`, judged: a check that cannot fail proves nothing."""

import asyncio
import json

import pytest

from tests.fuzz.answers import Answer, BrokenAnswerError, faults, read_answer
from tests.fuzz.books import Books
from tests.fuzz.story import Story
from tests.fuzz.telling import Told

PROBLEM = {"type": "urn:x", "title": "x", "status": 400}


def _answer(status: int, content: object, **headers: str) -> Answer:
    return Answer(status=status, headers=headers, body=json.dumps(content).encode())


def _told(*ids: str, never: tuple[str, ...] = (), maybe: tuple[str, ...] = ()) -> Told:
    answers = tuple(_answer(202, {"event_id": each, "status": "accepted", "contributions": 1}) for each in ids)
    return Told(story=Story(name="", pieces=(), never=never, maybe=maybe), answers=answers, wrong=())


async def _read(sent: bytes, *, head: bool = False) -> Answer | None:
    reader = asyncio.StreamReader()
    reader.feed_data(sent)
    reader.feed_eof()
    return await read_answer(reader, head=head)


@pytest.mark.parametrize(
    ("told", "recorded", "words"),
    [
        (_told("a", "b"), ["a"], "acknowledged and not recorded: ['b']"),
        (_told("a"), ["a", "b"], "recorded and never acknowledged: ['b']"),
        (_told(never=("a",), maybe=("a",)), ["a"], "recorded though it was refused or smuggled in: ['a']"),
        (_told("a"), ["a", "a"], "recorded twice: ['a']"),
        (_told("a", "a"), ["a"], "acknowledged as new twice: ['a']"),
    ],
)
def test_what_is_not_as_it_was_acknowledged_is_told(told: Told, recorded: list[str], words: str) -> None:
    books = Books()
    books.enter(told)

    assert [f"1 {words}"] == books.wrong(recorded)


def test_what_was_acknowledged_and_recorded_once_is_right_and_so_is_what_nobody_was_told_of() -> None:
    books = Books()
    books.enter(_told("a", maybe=("b", "c")))

    assert [] == books.wrong(["a", "b"])


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: +0\r\n\r\n",
        b"HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
    ],
)
async def test_what_is_not_exactly_an_answer_is_none(sent: bytes) -> None:
    with pytest.raises(BrokenAnswerError):
        await _read(sent)


async def test_an_answer_is_read_behind_interim_ones_and_a_hang_up_is_none() -> None:
    answer = await _read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}")

    assert Answer(status=202, headers={"content-length": "2"}, body=b"{}") == answer
    assert await _read(b"") is None


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        (_answer(400, PROBLEM, **{"content-type": "application/problem+json"}), 0),
        (_answer(400, PROBLEM, **{"content-type": "application/json"}), 1),
        (_answer(401, PROBLEM, **{"content-type": "application/problem+json"}), 1),
        (_answer(500, PROBLEM | {"status": 500}, **{"content-type": "application/problem+json"}), 1),
        (_answer(503, PROBLEM | {"status": 503}, **{"content-type": "application/problem+json"}), 1),
        (_answer(202, {}), 0),
    ],
)
def test_a_fault_of_ours_and_a_refusal_that_is_no_problem_are_wrong(answer: Answer, count: int) -> None:
    assert count == len(faults(answer, head=False))
