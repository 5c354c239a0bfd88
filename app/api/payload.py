"""An operator's payload, described for OpenAPI from its feed's mapping: its schema and an example that is accepted."""

from decimal import Decimal
from itertools import pairwise
from types import NoneType
from typing import Any

from app.api.schema import COUNTRY, CURRENCY, LONGEST, LONGEST_TOKEN, PRINTABLE
from app.domain import money
from app.domain.feed import Feed, Kind
from app.domain.mapping import FieldMapping, Path, Source, TimeFormat, pointer

EXAMPLES: dict[str, dict[str, Any]] = {
    "bet": {
        "event_id": "bet-000001",
        "event_type": "BET",
        "brand_id": "brand1",
        "player_id": "player-42",
        "player_country": "MT",
        "player_token": "session-7f3a",
        "game_code": "book-of-examples",
        "provider_id": "studio-one",
        "round_id": "round-9001",
        "amount": 2.50,
        "currency": "EUR",
        "occurred_at": "2026-11-22T12:00:00Z",
    },
    "deposit": {
        "event_id": "deposit-000001",
        "event_type": "DEPOSIT_SUCCESS",
        "brand_id": "brand1",
        "player_id": "player-42",
        "amount": "100.00",
        "currency": "EUR",
        "occurred_at": "2026-11-22T12:00:00Z",
    },
}
_PARTICULARS: dict[str, Any] = {"provider_id": "vendor-one", "stake_type": "real", "bonus_amount": Decimal(0)}
_EPOCH_SECONDS = 1795348800  # the examples' time
_MEANINGS = {
    "event_id": "Unique for the feed and brand; the same on every retry.",
    "event_type": "What happened: which types count is configured here.",
    "brand_id": "The brand, one of those configured here.",
    "player_id": "The player.",
    "player_country": "The player's country, in two capital letters.",
    "player_token": "The player's session token, passed on to the Gateway.",
    "game_code": "The game.",
    "provider_id": "The game's provider.",
    "round_id": "The game round, which a bet may share with others.",
    "currency": "The currency code.",
    "status": "How it stands: which statuses count is configured here.",
    "stake_type": "What is staked: which types are free stakes is configured here.",
}
_DECIMAL = r"^-?\d+(\.\d+)?$"
_WHOLE = r"^-?\d+(\.0+)?$"
_ISO = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)? ?([Zz]|[+-]\d{2}(:?\d{2})?)?$"
_LATEST = 253_402_300_799  # in seconds: the end of the year 9999


def schema(kind: Kind, mapping: FieldMapping) -> dict[str, Any]:
    """The JSON schema of the payload. What is not in it is kept with the event and otherwise ignored."""
    root: dict[str, Any] = {"type": "object"}
    for name, source in mapping.sources.items():
        if source.glanced:
            continue
        several, optional = len(source.paths) > 1, mapping.may_lack(name, kind)
        forms = _forms(name, source, mapping) + ([{"type": "null"}] if several or optional else [])
        described = {"anyOf": forms, "description": _meaning(name, mapping)}
        for path in source.paths:
            _describe(root, path, described | _others(source, path), needed=not (several or optional))
    return root


def example(feed: Feed) -> dict[str, Any]:
    """A payload that the feed accepts, with what it needs and what it names: nothing that the platform may not have."""
    ours = EXAMPLES[feed.kind] | {"brand_id": min(feed.brands)}
    if feed.mapping is None:
        return ours
    payload: dict[str, Any] = {}
    values = {**_PARTICULARS, **ours, **feed.mapping.samples}
    for name, source in _by_freedom(feed.kind, feed.mapping):
        unasked = name in feed.mapping.unnamed and feed.mapping.may_lack(name, feed.kind)
        if name in values and not unasked:
            value = _as_theirs(name, values[name], feed.mapping)
            next((path for path in source.paths if _put(payload, path, value)), None)
    return payload


def _by_freedom(kind: Kind, mapping: FieldMapping) -> list[tuple[str, Source]]:
    """The sources, those first that have to be found, and at one place: others give way to them."""
    return sorted(mapping.sources.items(), key=lambda each: (mapping.may_lack(each[0], kind), len(each[1].paths)))


def _forms(name: str, source: Source, mapping: FieldMapping) -> list[dict[str, Any]]:
    """What the field may look like, one form after the other."""
    match name:
        case "amount" | "bonus_amount":
            lowest = {"minimum": 0} if mapping.amount_sign == "positive" else {}
            number, digits = ("integer", _WHOLE) if mapping.amount_scale else ("number", _DECIMAL)
            return [{"type": number, **lowest}, {"type": "string", "pattern": digits}]
        case "occurred_at":
            return _time_forms(mapping.time_format)
        case _ if source.values:
            return [{"type": "string", "examples": list(source.values)}, {"type": "integer"}]
        case "currency":
            return [{"type": "string", "pattern": CURRENCY}]
        case "player_country":
            return [{"type": "string", "pattern": COUNTRY}]
    longest = LONGEST_TOKEN if name == "player_token" else LONGEST
    printable: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": longest, "pattern": PRINTABLE}
    return [printable, {"type": "integer"}, *([{"type": "boolean"}] if name == "stake_type" else [])]


def _time_forms(time_format: TimeFormat) -> list[dict[str, Any]]:
    match time_format:
        case "seconds" | "milliseconds":
            latest = _LATEST * (1000 if time_format == "milliseconds" else 1)
            return [{"type": "number", "minimum": 0, "maximum": latest}, {"type": "string", "pattern": _DECIMAL}]
        case "iso":
            return [{"type": "string", "pattern": _ISO}]
        case _:
            return [{"type": "string", "format": "date-time"}]


def _meaning(name: str, mapping: FieldMapping) -> str:
    match name:
        case "amount" | "bonus_amount":
            unit = f"whole units of 10^-{mapping.amount_scale}" if mapping.amount_scale else "major units"
            sign = {"positive": "", "negative": "; a stake is below zero", "either": ", of either sign"}
            part = "" if name == "amount" else " The part of the amount that is a bonus, which does not count."
            exact = "exact" if mapping.amount_places is None else f"to {mapping.amount_places} decimal places"
            return f"In {unit}, {exact}{sign[mapping.amount_sign]}.{part}"
        case "occurred_at" if mapping.time_format == "iso":
            return f"Date and time; without a zone, of {mapping.zone}. The same on every retry."
        case "occurred_at" if mapping.time_format == "rfc3339":
            return "RFC 3339, with its zone. The same on every retry."
        case "occurred_at":
            return f"In {mapping.time_format} since 1970-01-01 in UTC. The same on every retry."
        case _:
            return _MEANINGS[name]


def _others(source: Source, path: Path) -> dict[str, Any]:
    others = ", ".join(pointer(other) for other in source.paths if other != path)
    return {"$comment": f"The first that is there and not null counts, of this and {others}."} if others else {}


def _describe(schema: dict[str, Any], path: Path, described: dict[str, Any], *, needed: bool) -> None:
    """Add what is at the path to the schema of what is around it."""
    step, rest = path[0], path[1:]
    inner = {"type": "array" if rest and isinstance(rest[0], int) else "object"} if rest else described
    if isinstance(step, int):
        inner = schema.setdefault("items", inner)
        if needed:
            schema["minItems"] = max(step + 1, schema.get("minItems", 0))
    else:
        inner = schema.setdefault("properties", {}).setdefault(step, inner)
        if needed and step not in schema.setdefault("required", []):
            schema["required"].append(step)
    if rest:
        _describe(inner, rest, described, needed=needed)


def _put(payload: Any, path: Path, value: Any) -> bool:
    """Whether a value is there then: two fields may be read from one place, and what is in the way of one stays."""
    for step, following in pairwise(path):
        payload = _at(payload, step, [] if isinstance(following, int) else {})
    return not isinstance(_at(payload, path[-1], value), (dict, list, NoneType))


def _at(payload: Any, step: str | int, value: Any) -> Any:
    """What is at the step then, or None where there is no such step in what is there."""
    match payload, step:
        case dict(), str():
            return payload.setdefault(step, value)
        case list(), int():
            payload.extend({} for _ in range(step + 1 - len(payload)))
            payload[step] = payload[step] or value
            return payload[step]
        case _:
            return None


def _as_theirs(name: str, value: Any, mapping: FieldMapping) -> Any:
    match name:
        case "amount" | "bonus_amount":
            number = round(Decimal(str(value)), 2 if mapping.amount_places is None else mapping.amount_places)
            number = money.scaled(number, -mapping.amount_scale)
            number = -number if mapping.amount_sign == "negative" else number
            return float(number) if mapping.amount_scale == 0 else int(number)
        case "occurred_at" if mapping.time_format == "seconds":
            return _EPOCH_SECONDS
        case "occurred_at" if mapping.time_format == "milliseconds":
            return _EPOCH_SECONDS * 1000
        case _:
            return value
