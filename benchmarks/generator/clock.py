"""A periodic timer of nanoseconds: the event loops' own round to milliseconds, as much as what is measured."""

import ctypes
import os
import time
from typing import Self

_libc = ctypes.CDLL(None, use_errno=True)
_SECOND = 1_000_000_000
_ABSOLUTE = 1


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Setting(ctypes.Structure):
    _fields_ = (("interval", _Time), ("first", _Time))


class Timer:
    """Linux's timerfd: `descriptor` is readable whenever the timer has gone off. Raises OSError."""

    def __init__(self, *, first: int, interval: int) -> None:
        self.descriptor: int = _libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        setting = _Setting(interval=_Time(*divmod(interval, _SECOND)), first=_Time(*divmod(first, _SECOND)))
        if _libc.timerfd_settime(self.descriptor, _ABSOLUTE, ctypes.byref(setting), None):
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)

    def acknowledge(self) -> None:
        """Have it not readable any more, until it goes off again."""
        os.read(self.descriptor, 8)
