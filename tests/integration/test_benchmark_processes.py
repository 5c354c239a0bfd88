"""The processes of a trial: started on their cores, awaited, and ended with all that they started."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.cli.service_process import free_port
from benchmarks import proc
from benchmarks.contender import Command, NotRunnableError, Role
from benchmarks.cores import Cores, available
from benchmarks.installing import require
from benchmarks.running import Processes, cores_of
from tests.examples import eventually

SERVER = "['-m', 'http.server', '--bind', '127.0.0.1', sys.argv[1]]"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, *{SERVER}])"
CORES = Cores(application=(min(available()),), rest=available(), shared=True)


def python(program: str, *arguments: str, role: Role = "application") -> Command:
    return Command(arguments=(sys.executable, "-c", program, *arguments), role=role)


@pytest.fixture
async def processes(tmp_path: Path) -> AsyncIterator[Processes]:
    made = Processes(tmp_path, CORES)
    yield made
    await made.kill()


async def test_a_contender_is_ready_when_it_answers_and_all_of_it_is_gone_when_it_is_killed(
    processes: Processes,
) -> None:
    port = free_port()
    await processes.start([python(PARENT, str(port))])
    await processes.ready([f"http://127.0.0.1:{port}/"])
    leaders = processes.sessions("application")
    running = proc.of_session(leaders)
    await processes.kill()

    async def gone() -> bool:
        return not proc.of_session(leaders)

    assert 2 == len(running)
    await eventually(gone)


async def test_the_application_runs_on_its_core(processes: Processes) -> None:
    port = free_port()
    await processes.start([python(PARENT, str(port))])
    await processes.ready([f"http://127.0.0.1:{port}/"])
    found = proc.of_session(processes.sessions("application"))

    assert [set(CORES.application)] * 2 == [os.sched_getaffinity(process.pid) for process in found]


async def test_a_broker_is_not_the_application(processes: Processes) -> None:
    await processes.start(
        [python("import time; time.sleep(600)"), python("import time; time.sleep(600)", role="store")]
    )

    assert (1, 1) == (len(processes.sessions("application")), len(processes.sessions("store")))
    assert set(processes.sessions("application")).isdisjoint(processes.sessions("store"))


async def test_a_contender_that_ends_instead_of_answering_says_why(processes: Processes) -> None:
    await processes.start([python("raise SystemExit('no licence')")])

    with pytest.raises(NotRunnableError, match="no licence"):
        await processes.ready([f"http://127.0.0.1:{free_port()}/"])


async def test_what_runs_before_has_to_succeed(processes: Processes) -> None:
    await processes.run([python("")])

    with pytest.raises(NotRunnableError, match="no schema"):
        await processes.run([python("raise SystemExit('no schema')")])


async def test_a_program_that_is_not_there_is_named(processes: Processes) -> None:
    with pytest.raises(NotRunnableError, match="no such-program"):
        await processes.run([Command(arguments=("such-program",))])


def test_what_a_rival_needs_on_the_machine_is_named() -> None:
    require("python3")

    with pytest.raises(NotRunnableError, match="such-program and other-program not installed"):
        require("python3", "such-program", "other-program")


@pytest.mark.parametrize(
    ("number", "commands", "role", "expected"),
    [
        (0, 2, "application", {0}),
        (1, 2, "application", {1}),
        (0, 1, "application", {0, 1}),
        (2, 3, "application", {0, 1}),
        (0, 2, "store", {2, 3}),
    ],
)
def test_as_many_commands_as_cores_have_one_each(number: int, commands: int, role: str, expected: set[int]) -> None:
    cores = Cores(application=(0, 1), rest=frozenset({2, 3}), shared=False)

    assert expected == cores_of(number, commands, cores, role)
