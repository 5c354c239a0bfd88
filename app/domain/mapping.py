"""How a feed finds its events in an operator's payload: where each field is, and the form that it has there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Literal

Step = str | int
Path = tuple[Step, ...]
Sign = Literal["positive", "negative", "either"]
TimeFormat = Literal["rfc3339", "iso", "seconds", "milliseconds", "none"]

FIELDS = (
    "event_id",
    "event_type",
    "brand_id",
    "player_id",
    "player_country",
    "player_token",
    "game_code",
    "provider_id",
    "round_id",
    "amount",
    "currency",
    "occurred_at",
    "status",
    "stake_type",
    "bonus_amount",  # behind the amount, of which it is a part
)
_OPTIONAL = frozenset({"player_country", "player_token", "provider_id", "stake_type", "bonus_amount"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a field comes from: the first of the paths that is there, else `default`; or a constant, and no path.

    A step of a path is a key of an object or, a number, the place in an array. `values` holds ours for each of the
    operator's; those that are not in it stand as they are. A field that nobody named is only `glanced` at: where
    something else than the field is there, it is as if nothing were.
    """

    paths: tuple[Path, ...] = ()
    default: str | None = None
    constant: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    glanced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMapping:
    """The sources of every field that the feed's events have, and the units of what is found there.

    An amount is in units of 10^-`amount_scale`; with `amount_places`, what is behind so many decimal places is the
    noise of floats. `amount_sign` is the sign of what a player stakes. `zone` is that of times without one. `samples`
    are values that count, for an example of the payload. `needed` are fields that other events may be without, and
    these may not. `unnamed` are fields that the feed names no place for, so that they are looked for under our names.
    """

    sources: Mapping[str, Source]
    amount_scale: int = 0
    amount_places: int | None = None
    amount_sign: Sign = "positive"
    time_format: TimeFormat = "rfc3339"
    zone: tzinfo | None = None
    samples: Mapping[str, str] = field(default_factory=dict)
    needed: frozenset[str] = frozenset()
    unnamed: frozenset[str] = frozenset()

    def may_lack(self, name: str, kind: str) -> bool:
        """Whether an event of the kind may be without the field, though it has a source."""
        if self.sources[name].default is not None:
            return True
        return name not in self.needed and (
            name in _OPTIONAL or (kind == "deposit" and name in {"game_code", "round_id"})
        )


def clash(one: Path, other: Path) -> bool:
    """Whether no payload has a value of its own at both: one is inside the other, or they part at what would have to be
    an object and an array.
    """
    parted = next(((step, its) for step, its in zip(one, other, strict=False) if step != its), None)
    return type(parted[0]) is not type(parted[1]) if parted else len(one) != len(other)


def pointer(path: Path) -> str:
    """The path as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
