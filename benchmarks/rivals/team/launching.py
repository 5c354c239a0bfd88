"""How a rival's processes are started: in its own environment, on our sources, under uvicorn as the bare route is."""

import sys
from pathlib import Path

import benchmarks
from benchmarks.contender import Command, Place
from benchmarks.installing import python_environment
from benchmarks.rivals.team import surroundings

RIVALS = Path(__file__).parent.parent
_SOURCES = Path(benchmarks.__file__).parent.parent


def python(rival: str) -> Path:
    """The interpreter of a rival's environment, which is made where there is none. Raises NotRunnableError."""
    return python_environment(rival, RIVALS / rival / "requirements.txt") / "python"


def environment(place: Place, **more: str) -> dict[str, str]:
    """What all of them are told, and where they find our sources."""
    told = {
        "PYTHONPATH": str(_SOURCES),
        surroundings.DATABASE_URL: place.database_url,
        surroundings.GATEWAY_URL: place.gateway_url,
        surroundings.WEBHOOK_SECRET: place.secret,
    }
    return told | more


def receiver(rival: str, place: Place, *, module: str = "web", **more: str) -> Command:
    """uvicorn, with a module of the rival's that has `app`."""
    return Command(
        arguments=(
            *(str(python(rival)), "-m", "uvicorn", f"benchmarks.rivals.{rival}.{module}:app"),
            *("--port", str(place.port), "--loop", "uvloop", "--http", "httptools", "--ws", "none"),
            *("--no-access-log", "--log-level", "warning", "--timeout-keep-alive", "75"),
        ),
        environment=environment(place, **more),
    )


def module(rival: str, place: Place, name: str, *arguments: str, **more: str) -> Command:
    """`python -m` with a module of the rival's, or, after a dot, one of its environment."""
    named = name.removeprefix(".") if name.startswith(".") else f"benchmarks.rivals.{rival}.{name}"
    return Command(arguments=(str(python(rival)), "-m", named, *arguments), environment=environment(place, **more))


def schema(place: Place) -> Command:
    """Makes the table of events; by our own interpreter, which has a driver."""
    return Command(arguments=(sys.executable, "-m", "benchmarks.rivals.team.schema"), environment=environment(place))
