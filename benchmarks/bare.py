"""The floor as contenders."""

import sys
from collections.abc import Callable, Sequence

from benchmarks.contender import Command, Contender, Place


def _under_uvicorn(module: str) -> Callable[[Place], Sequence[Command]]:
    def start(place: Place) -> Sequence[Command]:
        return [
            Command(
                arguments=(
                    *(sys.executable, "-m", "uvicorn", f"benchmarks.floor.{module}:app", "--port", str(place.port)),
                    *("--loop", "uvloop", "--http", "httptools", "--ws", "none", "--lifespan", "off"),
                    *("--no-access-log", "--log-level", "warning", "--timeout-keep-alive", "75"),
                )
            )
        ]

    return start


def _floor(name: str, title: str) -> Contender:
    return Contender(
        name=name,
        title=title,
        promises="nothing: it stores and forwards nothing",
        start=_under_uvicorn(name.replace("-", "_")),
        forwards=False,
    )


BARE_ASGI = _floor("bare-asgi", "bare ASGI")
BARE_MODEL = _floor("bare-model", "bare ASGI and the model")
BARE_ROUTE = _floor("bare-route", "bare FastAPI route")
