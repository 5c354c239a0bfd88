"""What is read of the machine, and how its cores are divided."""

import os
import platform

import pytest

from benchmarks.cores import Cores, divided
from benchmarks.machine import machine, processor
from benchmarks.proc import Process, below, cpu_seconds, of_session, of_tree, processes, read_stat

LINE = "42 (a (b) c) S 7 42 41 0 -1 4194560 100 0 0 0 250 50 100 0 20 0 1 0 12345 1000000 25 18446744073709551615"


def test_a_process_is_read_whatever_its_name_holds() -> None:
    found = read_stat(LINE)

    assert (42, 7, 41) == (found.pid, found.parent, found.session)
    assert (
        pytest.approx(400 / os.sysconf("SC_CLK_TCK")) == found.cpu_seconds
    )  # 250 + 50 of its own, 100 of its children
    assert 25 * os.sysconf("SC_PAGE_SIZE") == found.resident


def test_a_tree_is_a_process_and_all_below_it() -> None:
    parents = {1: 0, 2: 1, 3: 2, 4: 1, 5: 3}
    found = {
        pid: Process(pid=pid, parent=parent, session=1, cpu_seconds=pid, resident=0) for pid, parent in parents.items()
    }

    assert [2, 3, 5] == [process.pid for process in below(2, found)]
    assert cpu_seconds(below(2, found)) == 2 + 3 + 5


def test_we_are_among_the_processes() -> None:
    assert os.getppid() == processes()[os.getpid()].parent
    assert os.getpid() in {process.pid for process in of_tree(os.getppid())}
    assert os.getpid() in {process.pid for process in of_session([os.getsid(0)])}


@pytest.mark.parametrize(
    ("available", "wanted", "expected"),
    [
        ({0, 1}, 1, Cores(application=(0,), rest=frozenset({1}), shared=False)),
        ({0, 1}, 2, Cores(application=(0, 1), rest=frozenset({0, 1}), shared=True)),
        ({4, 5, 6, 7}, 2, Cores(application=(4, 5), rest=frozenset({6, 7}), shared=False)),
        ({0}, 1, Cores(application=(0,), rest=frozenset({0}), shared=True)),
        ({0}, 2, Cores(application=(0, 0), rest=frozenset({0}), shared=True)),
    ],
)
def test_the_application_has_cores_of_its_own_where_there_are_enough(
    available: set[int], wanted: int, expected: Cores
) -> None:
    assert expected == divided(frozenset(available), processes=wanted)


def test_the_processor_is_named_and_the_host_is_not() -> None:
    assert "A CPU @ 3 GHz" == processor("processor\t: 0\nmodel name\t: A  CPU @ 3 GHz\nmodel name\t: B\n")
    assert platform.machine() == processor("")
    assert platform.node() not in machine().values()
