"""Metrics of several processes, shown as one: what is added up, and what else becomes of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import values
from prometheus_client.parser import text_string_to_metric_families

from app.observability.metrics import Metrics
from app.observability.sharing import forget, share, shared_folder


@pytest.fixture(autouse=True)
def _own_values(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a process that has yet to begin."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    yield
    values.close_all_multiprocess_files()  # type: ignore[no-untyped-call]


def _worker(folder: Path, number: int) -> Metrics:
    share(folder, number)
    return Metrics(folder)


def _shown(metrics: Metrics) -> dict[str, float]:
    """The values by their names, with labels where there are any."""
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        " ".join((sample.name.removeprefix("event_processor_"), *sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_what_was_counted_and_observed_is_added_up(tmp_path: Path) -> None:
    first, second = _worker(tmp_path, 1), _worker(tmp_path, 2)
    first.events_accepted.labels("bet").inc(2)
    second.events_accepted.labels("bet").inc(3)
    first.record_seconds.observe(0.003)
    second.record_seconds.observe(0.02)

    assert _shown(first) == _shown(second)
    assert {
        "events_accepted_total bet": 5,
        "record_seconds_count": 2,
        "record_seconds_bucket 0.005": 1,
        "record_seconds_bucket 0.025": 2,
    }.items() <= _shown(first).items()


def test_each_gauge_says_what_it_says_of_all(tmp_path: Path) -> None:
    first, second = _worker(tmp_path, 1), _worker(tmp_path, 2)
    for metrics, value in ((first, 2), (second, 1)):
        metrics.workers.set(1)
        metrics.unwritten.set(value)
        metrics.in_flight.set(value)
        metrics.backlog.set(value)
        metrics.backlog_oldest_due.set(value)
    first.authenticated.set(1)
    first.held.set(1)
    second.circuit_open.set(1)
    first.paused.set(1)
    second.paused.set(0)

    assert {
        "workers": 2,
        "events_unwritten": 3,
        "dispatcher_in_flight": 3,
        "backlog": 1,  # as the last one read it in the database
        "backlog_oldest_due_seconds": 1,
        "paused": 0,
        "gateway_authenticated": 0,  # one of them is not
        "dispatcher_held": 1,
        "dispatcher_circuit_open": 1,
    }.items() <= _shown(first).items()


def test_of_a_process_that_ended_only_what_it_counted_stays_and_the_next_counts_on(tmp_path: Path) -> None:
    first, second = _worker(tmp_path, 1), _worker(tmp_path, 2)
    for metrics in (first, second):
        metrics.workers.set(1)
        metrics.unwritten.set(1)
        metrics.held.set(1)
        metrics.backlog.set(1)
        metrics.leases_lost.inc()
    second.held.set(0)
    forget(tmp_path, 1)
    after = _shown(second)
    before = len(list(tmp_path.iterdir()))
    third = _worker(tmp_path, 1)
    third.leases_lost.inc()

    assert {"workers": 1, "events_unwritten": 1, "dispatcher_held": 0, "backlog": 1}.items() <= after.items()
    assert (2, 3) == (after["leases_lost_total"], _shown(second)["leases_lost_total"])
    assert len(list(tmp_path.iterdir())) <= 2 * before  # its number's files again, not its own


def test_all_of_them_are_shown(tmp_path: Path) -> None:
    """Of whoever is alone, that is what is shown: nothing is missing for those who are not."""
    alone = _shown(Metrics())
    shared = _shown(_worker(tmp_path, 1))
    set_by_a_scrape = {"paused", "backlog", "backlog_oldest_due_seconds"}

    assert {name for name in alone if "_created" not in name} - set_by_a_scrape == shared.keys() - set_by_a_scrape


def test_the_folder_goes_with_its_context() -> None:
    with shared_folder() as folder:
        _worker(folder, 1).workers.set(1)
        there = folder.is_dir()

    assert (True, False) == (there, folder.exists())


def test_what_a_killed_service_left_the_next_removes_and_nothing_of_those_that_live() -> None:
    with shared_folder() as left:
        kept = shutil.copytree(left, left.with_name(f"{left.name}-killed"))  # nobody holds the lock of its owner
        with shared_folder() as next_one:
            assert (True, False, True) == (left.exists(), kept.exists(), next_one.exists())
