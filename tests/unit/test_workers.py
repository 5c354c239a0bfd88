"""How long a worker's place stays empty."""

from app.cli.workers import wait


def test_the_wait_grows_with_each_worker_that_ends_and_not_for_ever() -> None:
    assert [0.5, 1, 2, 4, 8, 10, 10] == [wait(ends) for ends in range(1, 8)]
    assert wait(100_000) == 10
