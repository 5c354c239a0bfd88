"""The schema of a feed with a mapping: our fields, each read where the operator's payload has it.

pydantic walks the paths, so a mistake is located where it is in that payload.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationInfo,
    create_model,
)
from pydantic.fields import FieldInfo

from app.api.forms import amount_type, or_nothing, text_type, time_type
from app.api.schema import CONFIG
from app.domain import money
from app.domain.event import Event, EventKey, Particulars
from app.domain.feed import Feed, Kind
from app.domain.mapping import FIELDS, FieldMapping, Path, Source, pointer
from app.domain.timestamp import EPOCH

_ABSENT = {"bonus_amount": Decimal(0), "occurred_at": EPOCH}  # what stands for a field without a source


_NO_BRAND = 'is needed; if the platform names none, set fields.brand_id = {constant = "…"} for the feed'


def schema_of(name: str, kind: Kind, mapping: FieldMapping) -> type[BaseModel]:
    """The model that payloads are validated with. Made once, at start: making it takes milliseconds."""
    fields = {field: _field(field, kind, mapping) for field in FIELDS}
    schema: type[BaseModel] = create_model(name, __config__=CONFIG, **fields)
    return schema


def places(mapping: FieldMapping) -> Mapping[Path, str]:
    """What to say of what is missing, by the place where pydantic misses it: of fields that may be at several places,
    and of the brand, which payloads often do not name.
    """
    brand = dict.fromkeys(mapping.sources["brand_id"].paths, _NO_BRAND)
    return brand | {
        source.paths[0]: "is needed, at one of " + ", ".join(map(pointer, source.paths))
        for source in mapping.sources.values()
        if len(source.paths) > 1
    }


def event_of(feed: Feed, body: Any) -> Event:
    """The event in a body of the mapping's schema, as the domain sees it."""
    amount, bonus = body.amount, body.bonus_amount
    return Event(
        key=EventKey(feed=feed.name, brand_id=body.brand_id, event_id=body.event_id),
        event_type=body.event_type,
        player_id=body.player_id,
        player_country=body.player_country,
        player_token=body.player_token,
        game_code=body.game_code,
        provider_id=body.provider_id,
        round_id=body.round_id or body.event_id,  # a deposit's round is its transaction
        amount=money.without(amount.copy_abs(), bonus) if bonus else amount.copy_abs(),
        currency=body.currency,
        occurred_at=body.occurred_at,
        particulars=_particulars(body),
    )


def _particulars(body: Any) -> Particulars | None:
    bonus, status, stake_type = body.bonus_amount, body.status, body.stake_type
    credit = body.amount < 0
    if not bonus and not credit and status is None and stake_type is None:
        return None
    return Particulars(status=status, stake_type=stake_type, bonus=bonus, credit=credit)


def _field(name: str, kind: Kind, mapping: FieldMapping) -> Any:
    """A field's type and place; a class variable where it is the same for every event."""
    source = mapping.sources.get(name)
    if source is None:
        return (ClassVar[Any], _ABSENT.get(name))
    if source.constant is not None:
        return (ClassVar[str], source.constant)
    type_, default = _type(name, source, mapping), _default(name, kind, mapping)
    if source.glanced:
        return (or_nothing(type_), _info(source, None))
    if default is ... or len(source.paths) > 1:  # null at one of several places is a mistake, for `without_nulls`
        return (type_, _info(source, default))
    return (type_ | None if default is None else _or_default(type_, default), _info(source, default))


def _default(name: str, kind: Kind, mapping: FieldMapping) -> Any:
    """What stands for a field that is not there; an ellipsis where it is needed."""
    if not mapping.may_lack(name, kind):
        return ...
    return Decimal(0) if name == "bonus_amount" else mapping.sources[name].default


def _info(source: Source, default: Any) -> FieldInfo:
    paths = [AliasPath(str(path[0]), *path[1:]) for path in source.paths]
    info: FieldInfo = Field(default, validation_alias=AliasChoices(*paths) if len(paths) > 1 else paths[0])
    return info


def _or_default(type_: Any, default: Any) -> Any:
    """The default stands for null, as it does for a field that is not there."""
    return Annotated[type_, BeforeValidator(partial(_or, default))]


def _or(default: Any, value: Any) -> Any:
    return default if value is None else value


def _type(name: str, source: Source, mapping: FieldMapping) -> Any:
    match name:
        case "amount":
            return amount_type(mapping, mapping.amount_sign)
        case "bonus_amount":
            return Annotated[amount_type(mapping, "either"), AfterValidator(_is_part)]
        case "occurred_at":
            return time_type(mapping)
        case _:
            return text_type(name, source.values)


def _is_part(bonus: Decimal, info: ValidationInfo) -> Decimal:
    amount = info.data.get("amount")
    if amount is not None and bonus > amount.copy_abs():
        raise ValueError("must not be more than the amount, of which it is a part")
    return bonus
