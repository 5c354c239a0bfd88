"""`python -m benchmarks`, in small: that it measures, not what."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
IN_ARRAYS = ("batches-1", "batches-10", "batches-100")


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "benchmarks", *arguments), cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of a run of two scenarios, that did not last."""
    folder = tmp_path_factory.mktemp("benchmarks")
    options = (
        "--rounds",
        "1",
        "--seconds",
        "0.1",
        "--folder",
        str(folder / "work"),
        "--report",
        str(folder / "report"),
    )
    done = benchmarks("contribute", "batches", *options)
    assert 0 == done.returncode, done.stdout + done.stderr
    files = {path.name: path.read_text() for path in (folder / "report").iterdir()}
    return files | {"json": json.loads(files["benchmarks.json"])}


def test_the_service_and_the_bare_route_are_loaded_alike(reported: dict[str, Any]) -> None:
    measured = reported["json"]["measured"]

    assert {"bare-route", "contribute", *IN_ARRAYS} == measured.keys()
    for name, (each,) in measured.items():
        assert {"200" if name in IN_ARRAYS else "202": each["events"]} == each["statuses"]
        assert each["cpu"] > 0
        assert each["rate"] > 0


@pytest.mark.parametrize("name", ["contribute", *IN_ARRAYS])
def test_what_was_acknowledged_is_found_at_the_gateway_once(reported: dict[str, Any], name: str) -> None:
    (measured,) = reported["json"]["measured"][name]
    judgement = measured["judgement"]

    assert 0 == judgement["lost"] == judgement["twice"] == judgement["wrong_amount"] == judgement["unasked"]
    assert judgement["acknowledged"] == judgement["contributed"] >= measured["events"]
    assert measured["wal"] > 0
    assert measured["commits"] > 0


def test_the_cpu_of_postgresql_is_counted(reported: dict[str, Any]) -> None:
    """In ticks of ten milliseconds, of which one of these loads may be too short for any."""
    assert sum(each["database_cpu"] for (each,) in reported["json"]["measured"].values()) > 0


def test_the_report_names_every_target_and_no_host_or_folder(reported: dict[str, Any]) -> None:
    report = reported["benchmarks.md"]

    assert all(target["target"] in report for target in reported["json"]["targets"])
    assert "benchmarks-cpu.svg" in report
    assert str(ROOT) not in report
    assert {"benchmarks-cpu.svg", "benchmarks-rate.svg", "benchmarks-batches.svg"} <= reported.keys()


def test_an_unknown_scenario_is_refused() -> None:
    done = benchmarks("nonsense")

    assert 2 == done.returncode
    assert "there is no nonsense" in done.stderr


def test_the_list_says_what_each_scenario_shows() -> None:
    done = benchmarks("--list")

    assert 0 == done.returncode
    assert all(name in done.stdout for name in ("accept", "contribute", "latency", "backlog", "rivals"))
