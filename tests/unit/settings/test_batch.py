"""What is wrong with the settings of batches is said at start."""

import pytest

from tests.unit.settings import loaded, mistakes, toml

KEY = "feeds.bet.batch"


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"items": '"data..events"'}, '.items: must be keys, "data.events", or an array of them, ["data", "events"]'),
        ({"items": '["data", 0]'}, '.items: must be keys, "data.events", or an array of them, ["data", "events"]'),
        ({"told_by": '"event"'}, ": told_by and taken need each other"),
        ({"taken": '["bet"]'}, ": told_by and taken need each other"),
        ({"shared": '["sent"]'}, ": shared needs items: where the body is the array, there is nothing beside it"),
        ({"items": '"a.b"', "shared": '["a"]'}, ": shared cannot have the array of the events in it"),
    ],
)
def test_a_mistake_is_one_line(changes: dict[str, str], mistake: str) -> None:
    assert (f"{KEY}{mistake}",) == mistakes(toml(**{f"{KEY}.{name}": value for name, value in changes.items()}))


@pytest.mark.parametrize("name", ["items", "told_by"])
@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_text_is_a_mistake_as_a_variable_may_be_that_nobody_set(name: str, text: str) -> None:
    """The file's place would be gone, and every batch refused."""
    file = toml(**{f"{KEY}.items": '"data"', f"{KEY}.told_by": '"event"', f"{KEY}.taken": '["bet"]'})
    expected = (f"{KEY}.{name}: is empty: leave it out, or write [] for an empty list",)

    assert expected == mistakes(file, environment={f"FEEDS__BET__BATCH__{name.upper()}": text})
    assert expected == mistakes(toml(**{f"{KEY}.{name}": f'"{text}"'}))


@pytest.mark.parametrize(
    ("variable", "expected"), [("[]", ()), ("sent.events", ("sent", "events")), ('["a.b", "c"]', ("a.b", "c"))]
)
def test_a_variable_names_another_place_or_none(variable: str, expected: tuple[str, ...]) -> None:
    settings = loaded(toml(**{f"{KEY}.items": '"data"'}), environment={"FEEDS__BET__BATCH__ITEMS": variable})

    assert expected == settings.feeds.bet.batch.items


@pytest.mark.parametrize("items", ['"data.events"', '["data", "events"]'])
def test_the_place_of_the_events_is_a_path_or_its_keys(items: str) -> None:
    assert ("data", "events") == loaded(toml(**{f"{KEY}.items": items})).feeds.bet.batch.items
