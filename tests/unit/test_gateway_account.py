"""The Gateway's export: read exactly, or refused with the place of the mistake."""

from collections.abc import Callable
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
        ([dict(zip(KEY_HEADER.strip().split(","), (*KEY[:3], "\ud800"), strict=True))], "column source_id: has a"),
    ],
)
def test_a_mistake_in_json_is_named_with_its_entry(content: Any, expected: str) -> None:
    assert expected in refused(from_json, content)
