"""Events' keys in statements: as parameters, and as rows to join with."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    FromClause,
    Row,
    TableValuedAlias,
    Text,
    and_,
    bindparam,
    func,
)

from app.domain.event import EventKey

KEY = ("feed", "brand_id", "event_id")


def key_parameters(keys: Sequence[EventKey]) -> dict[str, Any]:
    """An array for each part of the key."""
    return {
        "feeds": [key.feed for key in keys],
        "brand_ids": [key.brand_id for key in keys],
        "event_ids": [key.event_id for key in keys],
    }


def key_of(row: Row[*tuple[Any, ...]]) -> EventKey:
    """The key in a row that has its columns."""
    return EventKey(feed=row.feed, brand_id=row.brand_id, event_id=row.event_id)


def texts(name: str) -> BindParameter[Any]:
    """An array of texts."""
    return bindparam(name, type_=ARRAY(Text))


def sent(**others: BindParameter[Any]) -> TableValuedAlias:
    """What was sent, as rows: the columns of the key, and others."""
    columns = dict(zip(KEY, map(texts, ("feeds", "brand_ids", "event_ids")), strict=True)) | others
    return func.unnest(*columns.values()).table_valued(*columns).render_derived()


def key_columns(rows: FromClause) -> list[ColumnElement[Any]]:
    """The columns of the key."""
    return [rows.c[name] for name in KEY]


def same_key(ours: FromClause, theirs: FromClause) -> ColumnElement[bool]:
    """What joins them."""
    return and_(*(one == other for one, other in zip(key_columns(ours), key_columns(theirs), strict=True)))
