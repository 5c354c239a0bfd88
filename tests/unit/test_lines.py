"""Lines of the log: few writes, and none lost."""

import asyncio
import io

from app.observability.lines import Lines


class File(io.BytesIO):
    """Counts what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def write(self, data: object) -> int:
        self.writes += 1
        return super().write(data)  # type: ignore[arg-type]  # as the original


def test_outside_of_a_loop_a_line_is_written_at_once() -> None:
    file = File()
    lines = Lines(file)

    lines.msg(b"one")
    assert file.getvalue() == b"one\n"
    lines.info(b"two")
    assert file.getvalue() == b"one\ntwo\n"


async def test_the_lines_of_one_turn_are_written_together_and_in_order() -> None:
    file = File()
    lines = Lines(file)

    for number in range(100):
        lines.info(b"%d" % number)
    assert file.writes == 0
    await asyncio.sleep(0)

    assert file.writes == 1
    assert file.getvalue() == b"".join(b"%d\n" % number for number in range(100))


async def test_the_next_turn_writes_what_comes_in_it() -> None:
    file = File()
    lines = Lines(file)

    for number in range(3):
        lines.error(b"%d" % number)
        await asyncio.sleep(0)

    assert (3, b"0\n1\n2\n") == (file.writes, file.getvalue())
