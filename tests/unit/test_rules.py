"""Which sources an event contributes to."""

from typing import Any

import pytest

from app.domain.rules import Rule, sources, template_fields
from tests.unit.events import event


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("casino-sitewide", "casino-sitewide"),
        ("{game_code}", "book-of-examples"),
        ("{provider_id}/{game_code}", "studio/book-of-examples"),
        ("{game_code}-{game_code}", "book-of-examples-book-of-examples"),
        ("{feed}:{brand_id}:{event_type}:{currency}", "bet:brand1:BET:EUR"),
        ("{{{game_code}}}", "{book-of-examples}"),
        ("{{game_code}}", "{game_code}"),
    ],
)
def test_a_source_is_named_by_a_template_over_the_event(template: str, expected: str) -> None:
    assert expected == Rule(source_id=template).source_for(event())


def test_a_field_that_looks_like_a_template_is_taken_as_it_is() -> None:
    expected = "{provider_id}"

    assert expected == Rule(source_id="{game_code}").source_for(event(game_code=expected))


@pytest.mark.parametrize("template", ["{game_code}", "sitewide-{provider_id}", "{feed}-{game_code}"])
def test_an_event_without_a_field_of_the_template_does_not_match(template: str) -> None:
    assert Rule(source_id=template).source_for(event(game_code=None, provider_id=None)) is None


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (("book-of-examples",), True),
        (("book-*",), True),
        (("*-of-*",), True),
        (("b??k-of-examples",), True),
        (("[ab]ook-*",), True),
        (("*",), True),
        (("slots-*", "book-*"), True),
        (("book",), False),
        (("Book-*",), False),
        (("[!b]*",), False),
        (("slots-*", "table-*"), False),
    ],
)
def test_game_codes_are_globs(globs: tuple[str, ...], *, expected: bool) -> None:
    rule = Rule(source_id="games", game_codes=globs)

    assert expected == (rule.source_for(event()) == "games")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule(source_id="s", provider_ids=("studio",)), True),
        (Rule(source_id="s", provider_ids=("other", "studio")), True),
        (Rule(source_id="s", provider_ids=("other",)), False),
        (Rule(source_id="s", provider_ids=("stud*",)), False),
        (Rule(source_id="s", currencies=("EUR",)), True),
        (Rule(source_id="s", currencies=("USD", "EUR")), True),
        (Rule(source_id="s", currencies=("USD",)), False),
        (Rule(source_id="s", game_codes=("book-*",), provider_ids=("studio",), currencies=("EUR",)), True),
        (Rule(source_id="s", game_codes=("slots-*",), provider_ids=("studio",), currencies=("EUR",)), False),
        (Rule(source_id="s", game_codes=("book-*",), provider_ids=("other",), currencies=("EUR",)), False),
        (Rule(source_id="s", game_codes=("book-*",), provider_ids=("studio",), currencies=("USD",)), False),
    ],
)
def test_an_event_matches_a_rule_by_every_list_given(rule: Rule, *, expected: bool) -> None:
    assert expected == (rule.source_for(event()) == "s")


@pytest.mark.parametrize(
    ("rule", "missing"),
    [
        (Rule(source_id="s", provider_ids=("studio",)), {"provider_id": None}),
        (Rule(source_id="s", game_codes=("book-*",)), {"game_code": None}),
        (Rule(source_id="s", game_codes=("*",)), {"game_code": None}),
    ],
)
def test_an_event_without_a_field_that_a_list_is_about_does_not_match(rule: Rule, missing: dict[str, Any]) -> None:
    assert rule.source_for(event(**missing)) is None


def test_an_event_without_optional_fields_matches_a_rule_that_does_not_ask_for_them() -> None:
    expected = "DEPOSIT"

    assert expected == Rule(source_id="DEPOSIT").source_for(event(game_code=None, provider_id=None))


def test_every_matching_rule_gives_its_source_in_the_order_of_the_rules() -> None:
    rules = [
        Rule(source_id="sitewide"),
        Rule(source_id="dollars", currencies=("USD",)),
        Rule(source_id="{game_code}"),
        Rule(source_id="books", game_codes=("book-*",)),
    ]
    expected = ("sitewide", "book-of-examples", "books")

    assert expected == sources(rules, event())


def test_a_source_that_several_rules_name_is_given_once() -> None:
    rules = [
        Rule(source_id="b"),
        Rule(source_id="{game_code}"),
        Rule(source_id="b"),
        Rule(source_id="book-of-examples"),
    ]
    expected = ("b", "book-of-examples")

    assert expected == sources(rules, event())


@pytest.mark.parametrize("rules", [[], [Rule(source_id="s", currencies=("USD",))]])
def test_without_a_matching_rule_there_is_no_source(rules: list[Rule]) -> None:
    assert sources(rules, event()) == ()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", set()),
        ("sitewide", set()),
        ("{{game_code}}", set()),
        ("{game_code}", {"game_code"}),
        ("{feed}-{game_code}-{feed}", {"feed", "game_code"}),
    ],
)
def test_a_template_tells_the_fields_it_names(template: str, expected: set[str]) -> None:
    assert expected == template_fields(template)


@pytest.mark.parametrize(
    "template",
    [
        *("{", "}", "{game_code", "game_code}", "{a}{", "{{}", "{}", "{0}", "{ game_code }", "{game-code}"),
        *("{game_code.upper}", "{game_code[0]}", "{game_code!r}", "{game_code!}", "{game_code:>9}", "{game_code:{a}}"),
    ],
)
def test_a_malformed_template_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        template_fields(template)
