"""Who runs where: the application on cores of its own, PostgreSQL, the Gateway and the generator on the others."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """`application` has a core for each process of the application; `shared` says that the rest has none to itself."""

    application: tuple[int, ...]
    rest: frozenset[int]
    shared: bool


def divided(available: frozenset[int], *, processes: int = 1) -> Cores:
    """The first cores for as many processes of the application; what remains is for the rest, or all where nothing
    would.
    """
    ordered = sorted(available)
    application = tuple(ordered[number % len(ordered)] for number in range(processes))
    rest = available - set(application)
    return Cores(application=application, rest=frozenset(rest or available), shared=not rest)


def available() -> frozenset[int]:
    """The cores that we may use."""
    return frozenset(os.sched_getaffinity(0))


@contextmanager
def on(cores: frozenset[int]) -> Iterator[None]:
    """Have what is started in the context run on these cores. Children inherit them at birth, before they have threads
    that could be elsewhere.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
