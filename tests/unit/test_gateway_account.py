"""The Gateway's export: read exactly, or refused with the place of the mistake."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.domain.gateway_account import Entry, Export, ExportError, from_csv, from_json

ID = UUID("019ab7ac-5000-8abc-9def-0123456789ab")
OTHER_ID = UUID("019ab7ac-5001-8abc-9def-0123456789ab")
KEY = ("bet", "brand1", "bet-1", "book-of-examples")
KEY_HEADER = "feed,brand_id,event_id,source_id\n"


def lines(text: str) -> Export:
    return from_csv(text.splitlines(keepends=True))


def refused(read: Callable[[Any], Export], content: Any) -> str:
    with pytest.raises(ExportError) as caught:
        list(read(content).entries)
    return str(caught.value)


@pytest.mark.parametrize("name", ["idempotency_key", "contribution_id"])
def test_contributions_are_named_by_their_ids_and_lines(name: str) -> None:
    export = lines(f"when,{name}\r\nnow,{ID}\r\n\r\nnow, {OTHER_ID} \r\n")

    assert export.by_id
    assert [Entry(2, ID, None), Entry(4, OTHER_ID, None)] == list(export.entries)


def test_without_ids_they_are_named_by_their_keys() -> None:
    export = lines('source_id, event_id,feed,brand_id\nbook-of-examples,bet-1,bet,brand1\n"a ""b"", c",1,deposit,b\n')

    assert not export.by_id
    assert [Entry(2, None, KEY), Entry(3, None, ("deposit", "b", "1", 'a "b", c'))] == list(export.entries)


def test_where_both_are_there_the_id_counts() -> None:
    export = lines(f"{KEY_HEADER.strip()},idempotency_key\n{','.join(KEY)},{ID}\n")

    assert [Entry(2, ID, None)] == list(export.entries)


@pytest.mark.parametrize(("text", "counts"), [("true", 1), ("Yes", 1), ("1", 1), ("false", 0), ("no", 0), ("0", 0)])
def test_a_call_that_did_not_contribute_does_not_count(text: str, counts: int) -> None:
    assert counts == len(list(lines(f"idempotency_key,contributed\n{ID},{text}\n").entries))


def test_the_sandboxs_calls_are_read() -> None:
    call = {"idempotency_key": str(ID), "feed": "bet", "answer": "200", "contributed": True}

    assert [Entry(1, ID, None)] == list(from_json([call, call | {"contributed": False}]).entries)


def test_amounts_are_read_where_there_are_any() -> None:
    export = lines(f"idempotency_key,base_wager\n{ID}, 2.50 \n")

    assert (True, [Entry(2, ID, None, Decimal("2.50"))]) == (export.amounts, list(export.entries))
    assert not lines(f"idempotency_key\n{ID}\n").amounts


@pytest.mark.parametrize("amount", ["2.50", Decimal("2.50")])
def test_amounts_in_json_are_texts_or_numbers(amount: Any) -> None:
    export = from_json([{"idempotency_key": str(ID), "base_wager": amount}])

    assert (True, [Entry(1, ID, None, Decimal("2.50"))]) == (export.amounts, list(export.entries))


def test_an_account_without_calls_is_one() -> None:
    assert [] == list(from_json([]).entries)
    assert [] == list(lines("idempotency_key\n").entries)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1: the header has neither idempotency_key nor all of feed, brand_id, event_id, source_id: feed"),
        ("feed,brand_id,event_id\n", "source_id is missing"),
        ("idempotency_key,contributed,contributed\n", "line 1: there are two columns contributed"),
        (f"idempotency_key\n{ID}\nbet-1\n", "line 3, column idempotency_key: not the id of a contribution, a UUID"),
        (f"idempotency_key,contributed\n{ID},perhaps\n", "line 2, column contributed: must be true or false"),
        (f"idempotency_key,contributed\n{ID}\n", "line 2, column contributed: is missing"),
        (f"idempotency_key\n{ID},true\n", "line 2: has 2 columns, the header 1"),
        ("idempotency_key,base_wager,base_wager\n", "line 1: there are two columns base_wager"),
        (f"idempotency_key,base_wager\n{ID},\n", "line 2, column base_wager: as text, an amount is plain"),
        (f'idempotency_key,base_wager\n{ID},"2,50"\n', "line 2, column base_wager: as text, an amount is plain"),
        (f"{KEY_HEADER}bet,brand1,,book\n", "line 2, column event_id: must be text, and not empty"),
        (f"{KEY_HEADER}bet,brand1\n", "line 2, column event_id: is missing"),
        (f"{KEY_HEADER}bet,brand1,bet\0,book\n", "line 2, column event_id: has a character that no event has"),
        (f'idempotency_key\n"{ID}\n', "line 2: unexpected end of data"),
    ],
)
def test_a_mistake_is_named_with_line_and_column(text: str, expected: str) -> None:
    assert expected in refused(lines, text)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"calls": 1}, "a JSON array of objects is expected"),
        ([1], "a JSON array of objects is expected"),
        ([{"feed": "bet"}], "entry 1 has neither idempotency_key nor all of"),
        ([{"idempotency_key": str(ID)}, {"idempotency_key": None}], "entry 2, column idempotency_key: not the id"),
        ([{"idempotency_key": str(ID), "contributed": None}], "entry 1, column contributed: must be true or false"),
        ([{"idempotency_key": str(ID), "base_wager": None}], "entry 1, column base_wager: must be a number"),
        ([{"idempotency_key": str(ID), "base_wager": Decimal(-1)}], "entry 1, column base_wager: must not be negative"),
        (
            [{"idempotency_key": str(ID), "base_wager": "1"}, {"idempotency_key": str(ID)}],
            "entry 2, column base_wager: is missing",
        ),
        ([dict(zip(KEY_HEADER.strip().split(","), (*KEY[:3], "\ud800"), strict=True))], "column source_id: has a"),
    ],
)
def test_a_mistake_in_json_is_named_with_its_entry(content: Any, expected: str) -> None:
    assert expected in refused(from_json, content)
