"""Cutting a body into its events: each is what it would be alone, and none hurts another."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.cutting import Cutting
from app.domain.document import Document, MalformedDocumentError, read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def cut(
    body: str, *, items: tuple[str, ...] = (), shared: tuple[str, ...] = (), depth: int = 64
) -> list[Document | str]:
    """Each document, or why it is none."""
    cutting = Cutting(body.encode(), items=items, shared=shared)
    found = list[Document | str]()
    for piece in list(cutting.pieces()):
        try:
            found.append(piece.document(cutting.shared, depth=depth))
        except MalformedDocumentError as error:
            found.append(str(error))
    return found


def fields(documents: list[Document | str]) -> list[Any]:
    return [each.fields if isinstance(each, Document) else each for each in documents]


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=4), st.sampled_from([None, 1]))
def test_each_event_is_the_document_that_it_is_alone(events: list[dict[str, Any]], indent: int | None) -> None:
    texts = [json.dumps(event, indent=indent, ensure_ascii=False) for event in events]
    body = " [ " + " ,\n".join(texts) + " ] "

    assert [read(text.encode()) for text in texts] == cut(body)


@given(st.dictionaries(st.text().filter(lambda key: key not in {"data", "sent"}), JSON, max_size=4), JSON)
def test_the_array_is_found_among_anything_else_and_what_is_shared_on_either_side_of_it(
    others: dict[str, Any], sent: Any
) -> None:
    events = [{"id": 1}, {"id": 2, "sent": None}]
    for body in (others | {"data": {"events": events}, "sent": sent}, {"sent": sent, "data": {"events": events}}):
        found = cut(json.dumps(body), items=("data", "events"), shared=("sent", "absent"))

        assert [read(json.dumps({"sent": sent, "id": 1}).encode()).fields, {"id": 2, "sent": None}] == fields(found)


def test_an_event_and_what_it_shares_are_one_document_in_their_own_digits() -> None:
    body = '{"sent": 1.50, "events": [{"amount": 12345678901234567.8910}, {}], "x": 1}'
    expected = ['{"sent": 1.50, "amount": 12345678901234567.8910}', '{"sent": 1.50}']

    found = cut(body, items=("events",), shared=("sent",))

    assert [read(text.encode()) for text in expected] == found


@pytest.mark.parametrize(
    ("event", "detail"),
    [
        ('{"a": 1, "a": 2}', "an object has the same key twice"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": 1e99999999999999999999}', "a number has an exponent beyond any use"),
        ('{"a": [[[1]]]}', "nested deeper than 3 levels"),
        ("17", "not a JSON object"),
        ("[{}]", "not a JSON object, but an array"),
        ("null", "not a JSON object"),
    ],
)
def test_an_event_that_is_none_hurts_no_other(event: str, detail: str) -> None:
    found = cut(f'[{{"id": 1}}, {event}, {{"id": 3}}]', depth=3)

    assert [{"id": 1}, detail, {"id": 3}] == [
        {"id": int(each["id"])} if isinstance(each, dict) else each for each in fields(found)
    ]


@given(JSON, JSON, st.sampled_from([None, 1]))
def test_nor_does_one_that_is_nested_more_deeply_than_any_parser_goes(
    first: Any, last: Any, indent: int | None
) -> None:
    texts = [json.dumps(value, indent=indent, ensure_ascii=False) for value in (first, last)]
    inner = f"[{texts[0]}, {{}}, [ ], NaN, {texts[1]}]"
    for opening, closing in (("[ ", "]\n"), ('{"a" : [],"b":', ', "c": 1}')):
        event = opening * 2_000 + inner + closing * 2_000

        assert [{"id": 1}, "nested too deeply", {"id": 3}] == fields(cut(f'[{{"id": 1}}, {event}, {{"id": 3}}]'))


def test_nor_does_what_is_beside_them_all() -> None:
    deep = "[" * 10_000 + "]" * 10_000

    assert [{"id": 1}] == fields(cut(f'{{"x": {deep}, "events": [{{"id": 1}}], "y": {deep}}}', items=("events",)))


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("", "not a JSON array"),
        ("{}", "not a JSON array"),
        ("[", "Expecting value at line 1, column 2"),
        ("[{}", "Expecting ',' delimiter at line 1, column 4"),
        ("[{} {}]", "Expecting ',' delimiter at line 1, column 5"),
        ("[{},]", "Expecting value at line 1, column 5"),
        ("[{}]]", "Extra data at line 1, column 5"),
        ('[{"a": }]', "Expecting value at line 1, column 8"),
        ("[" + "[" * 100_000, "Expecting value at line 1, column 100002"),
        ("[" + "[" * 9_999 + "]" * 9_998 + "}]", "Expecting ',' delimiter at line 1, column 19999"),
        ("[" + '{"a":' * 9_999 + "1" + "}" * 9_998 + "]", "Expecting ',' delimiter at line 1, column 59996"),
        ("[" + '{"a":' * 9_999 + "1" + "]" * 9_999 + "]", "Expecting ',' delimiter at line 1, column 49998"),
        ("[" + "{" * 9_999, "Expecting property name enclosed in double quotes at line 1, column 3"),
    ],
)
def test_what_is_no_array_is_refused_as_a_whole(body: str, detail: str) -> None:
    with pytest.raises(MalformedDocumentError, match=detail.replace("[", r"\[")):
        cut(body)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("[]", "no JSON array at /data/events"),
        ("{}", "no JSON array at /data/events"),
        ('{"data": []}', "no JSON array at /data/events"),
        ('{"data": {"events": {}}}', "no JSON array at /data/events"),
        ('{"data": {"events": []}, "data": {"events": []}}', "an object has the same key twice"),
        ('{"sent": NaN, "data": {"events": []}}', "NaN is not a JSON number"),
        ('{"data": {"events": []} "x": 1}', "Expecting ',' delimiter at line 1, column 25"),
        ('{"data": {"events": []},}', "Expecting property name enclosed in double quotes at line 1, column 25"),
        ('{"data" {"events": []}}', "Expecting ':' delimiter at line 1, column 9"),
        ('{data: {"events": []}}', "Expecting property name enclosed in double quotes at line 1, column 2"),
        ('{"data": {"events": []}', "Expecting ',' delimiter at line 1, column 24"),
    ],
)
def test_a_body_without_the_array_is_refused_with_the_place_where_it_was_looked_for(body: str, detail: str) -> None:
    with pytest.raises(MalformedDocumentError, match=detail):
        cut(body, items=("data", "events"), shared=("sent",))


def test_what_is_not_utf_8_is_refused() -> None:
    with pytest.raises(MalformedDocumentError, match="not UTF-8 at byte 1"):
        Cutting(b"[\xff]", items=(), shared=())
