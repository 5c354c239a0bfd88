"""The judges of `make fuzz`, judged: a check that cannot fail proves nothing."""

import asyncio
import json
from typing import Any

import pytest

from tests.acceptance.wire import Address
from tests.fuzz.answers import Answer, BrokenAnswerError, faults, read_answer
from tests.fuzz.books import Books
from tests.fuzz.receipts import batch_faults
from tests.fuzz.story import ANSWERED, Story
from tests.fuzz.telling import Told, tell

PROBLEM = {"type": "urn:x", "title": "x", "status": 400}
ACCEPTED = {"status": "accepted", "event_id": "a", "contributions": 1}
REPLAYED = ACCEPTED | {"replayed": True}
REFUSED = {"status": "refused", "problem": PROBLEM}
SKIPPED = {"status": "skipped"}


def _answer(status: int, content: object, **headers: str) -> Answer:
    return Answer(status=status, headers=headers, body=json.dumps(content).encode())


def _batch(*results: dict[str, Any], **counts: int) -> Answer:
    """The answer to a batch that has these results."""
    found = [{"index": index} | result for index, result in enumerate(results)]
    counted = {
        word: sum(each["status"] == word for each in results) for word in ("accepted", "ignored", "skipped", "refused")
    }
    return _answer(200, counted | counts | {"results": found})


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
    ("answer", "recorded", "words"),
    [
        (_batch(ACCEPTED, ACCEPTED | {"event_id": "b"}), ["a"], "acknowledged and not recorded: ['b']"),
        (_batch({"status": "ignored", "event_id": "a", "reason": "x"}), [], "acknowledged and not recorded: ['a']"),
        (_batch(REPLAYED), [], "acknowledged and not recorded: ['a']"),
        (_batch(ACCEPTED, ACCEPTED), ["a"], "acknowledged as new twice: ['a']"),
        (_batch(REFUSED | {"event_id": "a"}, SKIPPED), ["a"], "recorded and never acknowledged: ['a']"),
    ],
)
def test_what_a_batch_acknowledged_is_in_the_books_and_what_it_refused_is_not(
    answer: Answer, recorded: list[str], words: str
) -> None:
    books = Books()
    books.enter(Told(story=Story(name="", pieces=()), answers=(answer,), wrong=()))

    assert [f"1 {words}"] == books.wrong(recorded)


def test_an_event_that_comes_twice_in_a_batch_and_is_acknowledged_as_new_once_is_right() -> None:
    books = Books()
    books.enter(Told(story=Story(name="", pieces=()), answers=(_batch(ACCEPTED, REPLAYED, REFUSED),), wrong=()))

    assert ([], 1) == (books.wrong(["a"]), books.owed)


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        (_batch(), 0),
        (_batch(ACCEPTED, REPLAYED, REFUSED, SKIPPED), 0),
        (_answer(200, {"status": "ok"}), 0),
        (_batch(ACCEPTED, accepted=2), 1),
        (_batch(ACCEPTED | {"index": 1}), 1),
        (_batch(ACCEPTED | {"contributions": 0}), 1),
        (_batch({"status": "ignored", "event_id": "a"}), 1),
        (_batch({"status": "refused"}), 1),
        (_batch({"status": "refused", "problem": PROBLEM | {"status": 500}}), 1),
        (_batch({"status": "lost"}), 2),
        (_answer(200, {"results": [1]}), 1),
        (_answer(200, {"results": None}), 1),
    ],
)
def test_an_answer_to_a_batch_that_means_nothing_is_wrong(answer: Answer, count: int) -> None:
    assert count == len(batch_faults(answer))


@pytest.mark.parametrize(
    ("expected", "wrong"),
    [
        (("a", "400", "skipped"), ()),
        (("a", "422", "skipped"), ("results ('a', '400', 'skipped') instead of ('a', '422', 'skipped')",)),
        (("a", "400"), ("results ('a', '400', 'skipped') instead of ('a', '400')",)),
    ],
)
async def test_a_result_that_is_not_the_right_one_is_told(expected: tuple[str, ...], wrong: tuple[str, ...]) -> None:
    body = _batch(ACCEPTED, REFUSED, SKIPPED).body

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        address = Address(port=server.sockets[0].getsockname()[1])
        told = await tell(Story(name="", pieces=(b"x",), statuses=ANSWERED, results=expected), address)

    assert wrong == told.wrong


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
