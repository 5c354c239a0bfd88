"""What can go wrong at the simulated Gateway, and how often it is to."""

from dataclasses import dataclass, fields, replace
from random import Random
from typing import Any

from app.sandbox import misbehaviour
from app.sandbox.misbehaviour import Misbehaviour


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A way for a contribution call to go wrong. `misbehaviour` befalls the answer on its way; `takes` says whether the
    call takes the player's money, or None where `Faults.taken` does; what was not even `read` is in no account.
    """

    status: int = 200
    error: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    misbehaviour: Misbehaviour | None = None
    takes: bool | None = None
    read: bool = True


FAULTS = {
    # Answered
    "unauthorized": Fault(status=401, error="token_invalid", takes=False),
    "forbidden": Fault(status=403, error="permission_missing", takes=False),
    "declined": Fault(status=422, error="player_not_opted_in", takes=False),
    "rate_limited": Fault(status=429, error="slow_down", takes=False),
    "unavailable": Fault(status=503, error="unavailable", takes=False),
    "server_error": Fault(status=500, error="internal"),
    "redirect": Fault(status=307, error="moved", headers=(("location", "/jackpots/contribute/source"),)),
    # Answered with 200, which arrives, though the rest is not as it should be
    "cut_body": Fault(misbehaviour=misbehaviour.cut_body, takes=True),
    "slow_body": Fault(misbehaviour=misbehaviour.slow_body, takes=True),
    "too_short": Fault(misbehaviour=misbehaviour.too_short, takes=True),
    "too_long": Fault(misbehaviour=misbehaviour.too_long, takes=True),
    "flood": Fault(misbehaviour=misbehaviour.flood, takes=True),
    "answer_twice": Fault(misbehaviour=misbehaviour.answer_twice, takes=True),
    "hang_up": Fault(misbehaviour=misbehaviour.hang_up, takes=True),
    # Read, and not answered
    "hang": Fault(misbehaviour=misbehaviour.hang),
    "close": Fault(misbehaviour=misbehaviour.close),
    "reset": Fault(misbehaviour=misbehaviour.reset),
    "cut_head": Fault(misbehaviour=misbehaviour.cut_head),
    "slow_head": Fault(misbehaviour=misbehaviour.slow_head),
    "garbage": Fault(misbehaviour=misbehaviour.garbage),
    # Never read by what keeps the account
    "unread_hang": Fault(misbehaviour=misbehaviour.hang, read=False),
    "unread_close": Fault(misbehaviour=misbehaviour.close, read=False),
    "unread_reset": Fault(misbehaviour=misbehaviour.reset, read=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong. Rates are the share of contribution calls from 0 to 1, drawn one after the other; `latency` and
    a `retry_after` that is a number are in seconds. `taken` says whether the money was taken where the answer does
    not tell. docs/sandbox.md has the meaning of each.
    """

    latency: float = 0.0
    unauthorized: float = 0.0
    forbidden: float = 0.0
    declined: float = 0.0
    rate_limited: float = 0.0
    unavailable: float = 0.0
    server_error: float = 0.0
    redirect: float = 0.0
    cut_body: float = 0.0
    slow_body: float = 0.0
    too_short: float = 0.0
    too_long: float = 0.0
    flood: float = 0.0
    answer_twice: float = 0.0
    hang_up: float = 0.0
    hang: float = 0.0
    close: float = 0.0
    reset: float = 0.0
    cut_head: float = 0.0
    slow_head: float = 0.0
    garbage: float = 0.0
    unread_hang: float = 0.0
    unread_close: float = 0.0
    unread_reset: float = 0.0
    status_rate: float = 0.0
    status: int = 500
    retry_after: int | str = 0
    taken: bool = True
    deduplicates: bool = False
    authentication_down: bool = False
    authentication_hangs: bool = False
    authentication_garbled: bool = False
    authentication_refused: bool = False

    def changed(self, changes: dict[str, Any]) -> "Faults":
        """With some of them changed. Raises ValueError for a name or value that does not exist."""
        types: dict[str, Any] = {each.name: each.type for each in fields(self)}
        for name, value in changes.items():
            if name not in types:
                raise ValueError(f"there is no fault {name}; there are {', '.join(types)}")
            kind = int | float if types[name] is float else types[name]
            if isinstance(value, bool) is not (kind is bool) or not isinstance(value, kind):
                raise ValueError(f"{name}: {value!r} will not do")
        changed = replace(self, **changes)
        if not 200 <= changed.status <= 999:  # noqa: PLR2004 - what HTTP can say as a final answer
            raise ValueError(f"status: {changed.status} is no final status")
        return changed

    def draw(self, random: Random) -> tuple[str, Fault] | None:
        """The name of what befalls the next call, and what it is; None where all goes well."""
        for name, fault in FAULTS.items():
            if (rate := getattr(self, name)) and random.random() < rate:
                return name, fault
        if self.status_rate and random.random() < self.status_rate:
            return "status", Fault(status=self.status, error="as_wished", takes=_takes(self.status))
        return None


def _takes(status: int) -> bool | None:
    match status:
        case 503:
            return False
        case _ if status < 300:  # noqa: PLR2004 - where success ends
            return True
        case _ if 400 <= status < 500:  # noqa: PLR2004 - refusals
            return False
        case _:
            return None
