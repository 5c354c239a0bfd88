"""The Gateway's own account of contributions, as it is exported: read line by line, exactly, or refused in one line."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from app.domain import money

IDS = ("idempotency_key", "contribution_id")  # either names the contribution; the first in the header is taken
KEY = ("feed", "brand_id", "event_id", "source_id")  # together they do, too
CONTRIBUTED = "contributed"
AMOUNT = "base_wager"
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class ExportError(Exception):
    """The export can't be read: where, and why."""


class Entry(NamedTuple):
    """A contribution at the Gateway. `line` is where it stands in the export; it has an `id` or else a `key`, and an
    `amount` where the export has amounts.
    """

    line: int
    id: UUID | None
    key: tuple[str, str, str, str] | None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export's contributions, to be read once. `by_id` says whether they are named by their ids or by their keys,
    `amounts` whether it has their amounts. Reading raises ExportError.
    """

    by_id: bool
    amounts: bool
    entries: Iterator[Entry]


def from_csv(lines: Iterable[str]) -> Export:
    """An export as CSV with a header; of its columns only those named above are looked at. Raises ExportError."""
    rows = csv.reader(lines, strict=True)
    header = [name.strip() for name in next(_readable(rows), [])]
    if repeated := [name for name in (*IDS, *KEY, CONTRIBUTED, AMOUNT) if header.count(name) > 1]:
        raise ExportError(f"line 1: there are two columns {repeated[0]}")
    by_id = _named_by_id(set(header), "line 1: the header has neither")
    return _export(_records(rows, header), by_id=by_id, amounts=AMOUNT in header, place="line")


def from_json(content: Any) -> Export:
    """An export as a JSON array of objects, such as the sandbox's /sandbox/account/calls; its numbers are Decimals.
    Raises ExportError.
    """
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        raise ExportError("a JSON array of objects is expected")
    by_id = not content or _named_by_id(content[0].keys(), "entry 1 has neither")
    amounts = any(AMOUNT in entry for entry in content)
    return _export(enumerate(content, 1), by_id=by_id, amounts=amounts, place="entry")


def _export(records: Iterable[tuple[int, Mapping[str, Any]]], *, by_id: bool, amounts: bool, place: str) -> Export:
    return Export(by_id=by_id, amounts=amounts, entries=_entries(records, by_id=by_id, amounts=amounts, place=place))


def _named_by_id(names: Iterable[str], problem: str) -> bool:
    if set(IDS) & set(names):
        return True
    if missing := [name for name in KEY if name not in names]:
        raise ExportError(f"{problem} {IDS[0]} nor all of {', '.join(KEY)}: {missing[0]} is missing")
    return False


def _records(rows: Any, header: Sequence[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for row in _readable(rows):
        if len(row) > len(header):
            raise ExportError(f"line {rows.line_num}: has {len(row)} columns, the header {len(header)}")
        if row and len(row) < len(header):
            raise ExportError(f"line {rows.line_num}, column {header[len(row)]}: is missing")
        if row:
            yield rows.line_num, dict(zip(header, row, strict=True))


def _readable(rows: Any) -> Iterator[list[str]]:
    """The rows, as long as they are CSV in UTF-8 and can be read at all."""
    line = rows.line_num + 1
    try:
        for row in rows:
            line = rows.line_num + 1
            yield row
    except UnicodeDecodeError:
        raise ExportError(f"line {line}, or soon after it: not UTF-8") from None
    except (csv.Error, OSError) as error:
        raise ExportError(f"line {line}: {error}") from None


def _entries(
    records: Iterable[tuple[int, Mapping[str, Any]]], *, by_id: bool, amounts: bool, place: str
) -> Iterator[Entry]:
    for number, record in records:
        try:
            if CONTRIBUTED in record and not _field(record, CONTRIBUTED, _truth):
                continue
            entry = _by_id(number, record) if by_id else _by_key(number, record)
            yield entry._replace(amount=_field(record, AMOUNT, _amount)) if amounts else entry
        except ExportError as error:
            raise ExportError(f"{place} {number}, {error}") from None


def _by_id(number: int, record: Mapping[str, Any]) -> Entry:
    name = next((name for name in IDS if name in record), IDS[0])
    return Entry(number, _field(record, name, _id), None)


def _by_key(number: int, record: Mapping[str, Any]) -> Entry:
    feed, brand_id, event_id, source_id = (_field(record, name, _text) for name in KEY)
    return Entry(number, None, (feed, brand_id, event_id, source_id))


def _field(record: Mapping[str, Any], name: str, read: Callable[[Any], Any]) -> Any:
    if name not in record:
        raise ExportError(f"column {name}: is missing")
    try:
        return read(record[name])
    except ValueError as error:
        raise ExportError(f"column {name}: {error}") from None


def _id(value: Any) -> UUID:
    try:
        return UUID(value.strip())
    except (ValueError, AttributeError):
        raise ValueError("not the id of a contribution, a UUID") from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be text, and not empty")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("has a character that no event has")
    return value


def _amount(value: Any) -> Decimal:
    match value:
        case str():
            return money.from_text(value.strip())
        case Decimal():
            return money.amount(value)
        case _:
            raise ValueError("must be a number, or a decimal number as text")


def _truth(value: Any) -> bool:
    truth = value if isinstance(value, bool) else _TRUTH.get(str(value).strip().lower())
    if truth is None:
        raise ValueError("must be true or false")
    return truth
