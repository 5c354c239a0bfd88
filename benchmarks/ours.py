"""This service as a contender, in the forms in which it is measured."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from app.settings import CONFIG, PREFIX, SECRETS_FOLDER
from benchmarks.contender import Command, Contender, Place
from benchmarks.events import BRAND_ID, OPERATOR_ID

PROMISES = "acknowledged after the commit; contributed once; what a crash leaves in doubt is left to a person"
SENDERS = 256  # with 64, it waits for commits, and its core is idle
UNSETTLED = """
select (select count(*) from contributions where status = 'pending')
     + (select count(*) from contributions where status = 'in_flight')
"""


def environment(place: Place) -> dict[str, str]:
    """The least configuration that works, the log's level and form being those of production; and as many calls at once
    as saturate a process, as docs/operations.md advises for throughput.
    """
    configuration = place.folder / "event-processor.toml"
    configuration.touch()
    settings = {
        "OPERATOR_ID": OPERATOR_ID,
        "BRANDS": BRAND_ID,
        "DATABASE_URL": place.database_url,
        "DATA_FOLDER": str(place.folder),
        "GATEWAY__URL": place.gateway_url,
        "GATEWAY__USERNAME": "event-processor",
        "GATEWAY__PASSWORD": "benchmark-password",
        "FEEDS__BET__WEBHOOK_SECRETS": place.secret,
        "FEEDS__DEPOSIT__WEBHOOK_SECRETS": place.secret,
        "GATEWAY__CONNECTIONS": "256",
        "LOGGING__LEVEL": "info",
        "LOGGING__FORMAT": "json",
        **place.settings,
    }
    named = {f"{PREFIX}{name}": value for name, value in settings.items()}
    return named | {CONFIG: str(configuration), SECRETS_FOLDER: str(place.folder)}


def command(place: Place, *arguments: str) -> Command:
    """`event-processor` with these arguments."""
    return Command(arguments=(sys.executable, "-m", "app", *arguments), environment=environment(place))


def _migrate(place: Place) -> Sequence[Command]:
    return [command(place, "migrate")]


def _serve(*options: str) -> Callable[[Place], Sequence[Command]]:
    return lambda place: [command(place, "serve", "--port", str(port), *options) for port in place.ports]


def _serve_workers(place: Place) -> Sequence[Command]:
    return [command(place, "serve", "--port", str(place.port), "--workers", str(place.processes))]


OURS = Contender(
    name="event-processor",
    title="event-processor",
    promises=PROMISES,
    before=_migrate,
    start=_serve(),
    health="/health/ready",
    unsettled=UNSETTLED,
    senders=SENDERS,
)
WORKERS = replace(
    OURS,
    name="event-processor-workers",
    start=_serve_workers,
    one_port=True,
    health="/metrics",
    sign="event_processor_workers 2.0",  # both are there
)
ACCEPTING = Contender(
    name="event-processor-accept",
    title="event-processor, accepting only",
    promises="acknowledged after the commit; contributed by whoever dispatches",
    before=_migrate,
    start=_serve("--no-dispatch"),
    health="/health/ready",
    forwards=False,
    senders=SENDERS,
)
