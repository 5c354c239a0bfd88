"""Answers, read strictly: what is not exactly HTTP is not forgiven, as a proxy in front would not."""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

_STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [\x20-\x7e]*")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?")
_BODILESS = frozenset({204, 304})
_LENGTH = re.compile(r"0|[1-9][0-9]*")


class BrokenAnswerError(Exception):
    """What came is no answer, or only part of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def last(self) -> bool:
        """Whether it says that the connection ends with it."""
        return self.headers.get("connection", "").lower() == "close"

    def json(self) -> Any:
        """What the body says; None where it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


async def read_answer(reader: asyncio.StreamReader, *, head: bool = False) -> Answer | None:
    """The next final answer; None where the service hangs up instead. `head` says that it has no body. Raises
    BrokenAnswerError.
    """
    while (answer := await _read(reader, head=head)) is not None and answer.status < 200:
        if answer.status == 101:
            raise BrokenAnswerError("a switch of protocols")
    return answer


def faults(answer: Answer, *, head: bool) -> list[str]:
    """What no answer may be, whatever it answers: our own fault, or a refusal that is not told as a problem."""
    found = []
    if answer.status >= 500 and answer.status != 503:
        found.append(f"a status of {answer.status}")
    if answer.status == 503 and not answer.headers.get("retry-after", "").isdigit():
        found.append("a 503 without Retry-After")
    if answer.status >= 400 and not head and not _is_problem(answer):
        found.append(f"a {answer.status} that is no problem: {answer.body[:200]!r}")
    return found


def _is_problem(answer: Answer) -> bool:
    problem = answer.json()
    return (
        answer.headers.get("content-type") == "application/problem+json"
        and isinstance(problem, dict)
        and problem.get("status") == answer.status
        and isinstance(problem.get("title"), str)
        and isinstance(problem.get("type"), str)
    )


async def _read(reader: asyncio.StreamReader, *, head: bool) -> Answer | None:
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).removesuffix(b"\r\n\r\n").split(b"\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise BrokenAnswerError(f"cut off: {error.partial[:200]!r}") from None
        return None
    except ConnectionError:
        return None
    except asyncio.LimitOverrunError:
        raise BrokenAnswerError("headers without an end") from None
    if not (matched := _STATUS.fullmatch(lines[0])):
        raise BrokenAnswerError(f"a status line of {lines[0][:200]!r}")
    status, headers = int(matched[1]), _headers(lines[1:])
    if status < 200 or head or status in _BODILESS:
        return Answer(status=status, headers=headers, body=b"")
    return Answer(status=status, headers=headers, body=await _body(reader, headers))


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers = dict[str, str]()
    for line in lines:
        if not (matched := _FIELD.fullmatch(line)):
            raise BrokenAnswerError(f"a header of {line[:200]!r}")
        name = matched[1].decode().lower()
        if name in headers:
            raise BrokenAnswerError(f"the header {name} twice")
        headers[name] = (matched[2] or b"").decode()
    return headers


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    length = headers.get("content-length", "")
    if not _LENGTH.fullmatch(length) or "transfer-encoding" in headers:
        raise BrokenAnswerError("no length")
    try:
        return await reader.readexactly(int(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        raise BrokenAnswerError("a body cut off") from None
