"""A story, told to a service over a connection of its own, and what was heard."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from tests import examples
from tests.acceptance import wire
from tests.acceptance.wire import Address
from tests.fuzz.answers import Answer, BrokenAnswerError, faults, read_answer
from tests.fuzz.receipts import Receipt, batch_faults, outcomes, receipts
from tests.fuzz.story import HUNG_UP, Ending, Story
from tests.fuzz.writing import GET_LIVE

CANARY = "canary"
_DRIP = 0.02  # seconds between bytes of who drips
_LIMIT = 4 * 1024 * 1024  # bytes of headers that are read: the answers are what is judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of a story: the answers, and what was wrong with them."""

    story: Story
    answers: tuple[Answer, ...]
    wrong: tuple[str, ...]

    @property
    def accepted(self) -> tuple[str, ...]:
        """The ids of the events acknowledged, in order."""
        return tuple(each.event_id for each in self._receipts())

    @property
    def fresh(self) -> tuple[str, ...]:
        """The ids of those acknowledged as new."""
        return tuple(each.event_id for each in self._receipts() if each.new)

    @property
    def owed(self) -> int:
        """The contributions that were promised for new events."""
        return sum(each.owed for each in self._receipts() if each.new)

    @property
    def results(self) -> tuple[str, ...]:
        """What became of each event of the batches, in order."""
        return tuple(chain.from_iterable(map(outcomes, self.answers)))

    def _receipts(self) -> list[Receipt]:
        return list(chain.from_iterable(map(receipts, self.answers)))


async def tell(story: Story, address: Address) -> Told:
    """Tell it, and judge what is heard. Never raises for what the service does."""
    answers = list[Answer]()
    wrong = list[str]()
    try:
        async with asyncio.timeout(examples.DEADLINE):
            reader, writer = await asyncio.open_connection(address.host, address.port, limit=_LIMIT)
            try:
                await _converse(story, reader, writer, answers)
            finally:
                writer.transport.abort()
    except TimeoutError:
        wrong.append("neither answered nor hung up")
    except BrokenAnswerError as error:
        wrong.append(f"a broken answer: {error}")
    except OSError as error:
        wrong.append(f"no connection: {error}")
    told = Told(story=story, answers=tuple(answers), wrong=())
    return Told(story=story, answers=tuple(answers), wrong=(*wrong, *_judged(told)))


async def _converse(
    story: Story, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: list[Answer]
) -> None:
    sending = asyncio.create_task(_send(story, writer))
    try:
        if story.ending is Ending.RESET:
            await sending
            return
        while len(answers) < story.answers:
            answer = await read_answer(reader, head=story.head)
            if answer is None:
                return
            answers.append(answer)
            if answer.last:
                break
        if story.whole and story.ending is Ending.WAIT and not answers[-1].last:
            await sending
            await _ask_again(reader, writer)
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending


async def _send(story: Story, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):  # hung up on: what was answered before counts
        for piece in story.pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        match story.ending:
            case Ending.HALF_CLOSE:
                writer.write_eof()
            case Ending.RESET:
                await wire.reset(writer)
            case Ending.DRIP:
                await _drip(writer)
            case Ending.WAIT:
                pass


async def _drip(writer: asyncio.StreamWriter) -> None:
    while not writer.transport.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(_DRIP)  # the point of it; the deadline of the story bounds it


async def _ask_again(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """See that the next answer is that to the next request: nothing was left over, and nothing comes unasked."""
    writer.write(GET_LIVE.replace(b"\r\n\r\n", f"\r\nx-request-id: {CANARY}\r\n\r\n".encode()))
    answer = await read_answer(reader)
    if answer is None:
        raise BrokenAnswerError("a connection that was kept is not answered any more")
    if (answer.status, answer.headers.get("x-request-id")) != (200, CANARY):
        raise BrokenAnswerError(f"{answer.status} {answer.body[:200]!r} comes before the answer to the next request")


def _judged(told: Told) -> list[str]:
    story, answers = told.story, told.answers
    wrong = [fault for answer in answers for fault in faults(answer, head=story.head)]
    wrong += [fault for answer in answers for fault in batch_faults(answer)]
    wrong += [f"answered {answer.status}" for answer in answers if answer.status not in story.statuses]
    ended = bool(answers) and answers[-1].last
    if len(answers) < story.answers and not ended and HUNG_UP not in story.statuses:
        wrong.append(f"hung up on after {len(answers)} of {story.answers} answers")
    if any(answer.status == 202 and not isinstance(answer.json(), dict) for answer in answers):
        wrong.append("a 202 without its content")
    elif story.accepted is not None and story.accepted != told.accepted:
        wrong.append(f"acknowledged {told.accepted} instead of {story.accepted}")
    if story.results is not None and story.results != told.results:
        wrong.append(f"results {told.results} instead of {story.results}")
    return wrong
