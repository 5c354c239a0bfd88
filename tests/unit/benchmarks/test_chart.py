"""The charts: scales, and SVG that is well formed."""

import xml.etree.ElementTree as ET

import pytest

from benchmarks.chart import LABELS, VALUES, WIDTH, Bar, Chart, position, ticks_to

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (11.9, [0, 2, 4, 6, 8, 10, 12]),
        (6_900, [0, 2_000, 4_000, 6_000, 8_000]),
        (0.15, [0, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15]),
        (6, [0, 1, 2, 3, 4, 5, 6]),
        (0, [0, 1]),
    ],
)
def test_ticks_are_round_numbers_up_to_the_greatest_value(most: float, expected: list[float]) -> None:
    assert pytest.approx(expected) == ticks_to(most)


@pytest.mark.parametrize("most", [0.0031, 0.7, 1.01, 9.99, 123, 54_321])
def test_no_bar_is_longer_than_the_axis_and_the_axis_not_much_longer(most: float) -> None:
    ticks = ticks_to(most)

    assert most <= ticks[-1] < most * 1.5
    assert len(ticks) <= 7


def test_the_axis_runs_from_the_labels_to_the_values() -> None:
    assert [LABELS, WIDTH - VALUES] == [position(0, 5), position(5, 5)]


def _drawn(chart: Chart) -> ET.Element:
    return ET.fromstring(chart.svg())  # noqa: S314 - our own


def test_the_parts_of_a_bar_stand_one_behind_the_other_to_scale() -> None:
    chart = Chart(
        title="", axis="ms", bars=[Bar(label="a", parts=(3, 1), shown="4"), Bar(label="b", parts=(6, 0), shown="")]
    )
    first, second, third, _ = [each for each in _drawn(chart).iter(f"{SVG}rect") if each.get("height") == "18"]
    scale = (position(6, 6) - position(0, 6)) / 6

    assert pytest.approx([3 * scale, 1 * scale, 6 * scale], abs=0.1) == [
        float(each.get("width") or 0) for each in (first, second, third)
    ]
    assert pytest.approx(float(first.get("x") or 0) + 3 * scale, abs=0.1) == float(second.get("x") or 0)


def test_every_bar_has_its_name_and_its_number_and_the_axis_its_unit() -> None:
    chart = Chart(
        title="A & B", axis="<ms>", bars=[Bar(label="ours & theirs", parts=(1,), shown="1.00")], legend=("x", "y")
    )
    texts = {each.text for each in _drawn(chart).iter(f"{SVG}text")}

    assert {"A & B", "<ms>", "ours & theirs", "1.00", "x", "y", "0", "0.2"} <= texts


def test_the_line_is_drawn_at_its_value() -> None:
    chart = Chart(title="", axis="", bars=[Bar(label="", parts=(10,), shown="")], line=5)
    (line,) = [each for each in _drawn(chart).iter(f"{SVG}line") if each.get("class") == "line"]

    assert pytest.approx(position(5, 10), abs=0.1) == float(line.get("x1") or 0)


def test_it_is_readable_on_a_dark_page_as_well() -> None:
    style = _drawn(Chart(title="", axis="", bars=[])).find(f"{SVG}style")

    assert style is not None
    assert "prefers-color-scheme:dark" in (style.text or "")
