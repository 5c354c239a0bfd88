"""The mistakes in an event, each with its place and what was expected there; nothing of what was sent."""

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.api.problems import FOREIGN_BRAND, INVALID, Refusal
from app.api.schema import COUNTRY, CURRENCY, PRINTABLE
from app.domain.feed import Feed
from app.domain.mapping import Path, pointer

LISTED = 20

# What pydantic says of some mistakes repeats what was sent; so everything is said here, and what is not, in general.
_EXPECTED = {
    "missing": "is needed",
    "string_type": "must be text",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "string_unicode": "must be text without lone surrogates",
    "dict_type": "must be an object",
    "list_type": "must be an array",
    "bool_type": "must be true or false",
    "timezone_aware": "must have a zone: 2026-11-22T12:00:00Z",
    "datetime_from_date_parsing": "must be an RFC 3339 date and time with its zone: 2026-11-22T12:00:00Z",
    "datetime_parsing": "must be an RFC 3339 date and time with its zone: 2026-11-22T12:00:00Z",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
}
_FORMS = {
    CURRENCY: "must be a currency code in capitals: EUR, USDT",
    COUNTRY: "must be two capital letters",
    PRINTABLE: "must have no control characters",
}
_OTHERWISE = "is not as the schema has it"


def invalid(error: ValidationError, places: Mapping[Path, str]) -> Refusal:
    """The refusal for an event that failed its schema: up to 20 mistakes, and how many more there are. `places` is what
    to say of what is missing and may be at several places.
    """
    items = error.errors(include_url=False, include_input=False)
    # What two fields are read from is one mistake.
    found = list(dict.fromkeys((pointer(each["loc"]), _expected(each, places)) for each in items))
    errors = [{"pointer": at, "detail": detail} for at, detail in found[:LISTED]]
    more = len(found) - len(errors)
    counted = "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
    return Refusal(INVALID, f"{counted}; see errors" + (f", which leaves out {more}" if more else ""), errors=errors)


def foreign_brand(feed: Feed, brand_id: str) -> Refusal:
    """The refusal for an event whose brand is none of the feed's, with the place where it was looked for."""
    source = feed.mapping.sources["brand_id"] if feed.mapping else None
    at = ", or ".join(map(pointer, source.paths)) if source else pointer(("brand_id",))
    detail = f"the brand, at {at}, is none of those configured here"
    if brand_id.startswith(f"{feed.operator_id}:"):
        detail += ", which are without the operator's id and the colon"
    return Refusal(FOREIGN_BRAND, detail)


def for_batches(feed: Feed, refusal: Refusal) -> Refusal:
    """The refusal of what is no event, but looks like a batch of them, with the path that it belongs to."""
    detail = f"{refusal.detail}; a batch goes to /events/{feed.name}/batch"
    return Refusal(refusal.kind, detail, errors=refusal.errors)


def _expected(error: ErrorDetails, places: Mapping[Path, str]) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":  # of our own validators, whose texts may be shown
            return str(context["error"])
        case "text":  # of a mapped field, in our own words too
            return error["msg"]
        case "string_pattern_mismatch" if context["pattern"] in _FORMS:
            return _FORMS[context["pattern"]]
        case "missing" if error["loc"] in places:
            return places[error["loc"]]
        case kind:
            return _EXPECTED.get(kind, _OTHERWISE).format(**context)
