"""The rivals: pinned, apart from the project, each known to the report by one name, and batched as we are."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from benchmarks import rivals
from benchmarks.rivals.team.batch import Batch

HERE = Path(rivals.__file__).parent
PINNED = re.compile(r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==\d[\w.]*")


@pytest.mark.parametrize("requirements", sorted(HERE.glob("*/requirements.txt")), ids=lambda path: path.parent.name)
def test_every_requirement_of_a_rival_is_pinned_and_says_nothing_else(requirements: Path) -> None:
    assert [] == [line for line in requirements.read_text().splitlines() if not PINNED.fullmatch(line)]


def test_the_packages_of_node_are_locked_and_come_from_wherever_npm_gets_them() -> None:
    lock = json.loads((HERE / "graphile_worker" / "package-lock.json").read_text())["packages"]
    package = json.loads((HERE / "graphile_worker" / "package.json").read_text())
    assert package["dependencies"] == {
        name: lock[f"node_modules/{name}"]["version"] for name in package["dependencies"]
    }
    assert [] == [name for name, locked in lock.items() if name and ("resolved" in locked or "integrity" not in locked)]


def test_each_rival_has_a_name_of_its_own_and_says_what_its_answer_is_worth() -> None:
    names = [rival.name for rival in rivals.RIVALS]
    assert len(set(names)) == len(names)
    assert [] == [rival.name for rival in rivals.RIVALS if not rival.promises]


async def test_what_comes_while_a_batch_is_written_makes_the_next_one() -> None:
    batches: list[list[int]] = []
    may_end = asyncio.Event()

    async def write(numbers: list[int]) -> list[int]:
        batches.append(numbers)
        await may_end.wait()
        return [number * 10 for number in numbers]

    batch = Batch(write, limit=3)
    first = asyncio.create_task(batch.add(0))
    while not batches:
        await asyncio.sleep(0)
    others = [asyncio.create_task(batch.add(number)) for number in range(1, 6)]
    await asyncio.sleep(0)
    may_end.set()

    assert [0, 10, 20, 30, 40, 50] == await asyncio.gather(first, *others)
    assert [[0], [1, 2, 3], [4, 5]] == batches


async def test_a_batch_that_fails_fails_for_each_of_its_items_and_the_next_is_written() -> None:
    async def write(numbers: list[int]) -> list[int]:
        if 0 in numbers:
            raise ValueError
        return numbers

    batch = Batch(write)
    failed = await asyncio.gather(batch.add(0), batch.add(1), return_exceptions=True)
    assert [ValueError, ValueError] == [type(error) for error in failed]
    assert await batch.add(2) == 2
