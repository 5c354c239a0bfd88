"""Horizontal bars as SVG, on a card of their own: readable on a light page and on a dark one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, LABELS, VALUES = 960, 330, 90  # pixels: all of it, names on the left, numbers on the right
TOP, ROW, BAR, BOTTOM = 64, 30, 18, 46
MOST_TICKS = 6
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """`parts` stand one behind the other, in the order of the chart's legend; `shown` is written at the end."""

    label: str
    parts: tuple[float, ...]
    shown: str
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """`axis` says what is measured, in which unit; `legend` names the parts; `line` is drawn across."""

    title: str
    axis: str
    bars: Sequence[Bar]
    legend: tuple[str, ...] = ()
    line: float | None = None

    def svg(self) -> str:
        """All of the file."""
        height = TOP + ROW * len(self.bars) + BOTTOM
        ticks = ticks_to(max((sum(bar.parts) for bar in self.bars), default=1))
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
                f"<title>{escape(self.title)}</title>",
                f"<style>{_STYLE}</style>",
                f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
                f'<text class="title" x="20" y="28">{escape(self.title)}</text>',
                *self._legend(),
                *self._axis(ticks, height),
                *(line for number, bar in enumerate(self.bars) for line in _bar(bar, number, ticks[-1])),
                *self._line(ticks[-1], height),
                "</svg>",
                "",
            ]
        )

    def _legend(self) -> list[str]:
        drawn, left = list[str](), 20.0
        for number, name in enumerate(self.legend):
            drawn.append(f'<rect class="part{number}" x="{left:.0f}" y="40" width="12" height="12" rx="2"/>')
            drawn.append(f'<text class="small" x="{left + 18:.0f}" y="50">{escape(name)}</text>')
            left += 40 + 6.5 * len(name)
        return drawn

    def _axis(self, ticks: Sequence[float], height: int) -> list[str]:
        bottom = height - BOTTOM
        drawn = list[str]()
        for tick in ticks:
            x = position(tick, ticks[-1])
            drawn.append(f'<line class="grid" x1="{x:.1f}" y1="{TOP - 4}" x2="{x:.1f}" y2="{bottom}"/>')
            drawn.append(f'<text class="small" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{tick:,.10g}</text>')
        middle = (LABELS + WIDTH - VALUES) / 2
        name = escape(self.axis)
        drawn.append(f'<text class="small" x="{middle:.0f}" y="{height - 12}" text-anchor="middle">{name}</text>')
        return drawn

    def _line(self, most: float, height: int) -> list[str]:
        if self.line is None:
            return []
        x = position(self.line, most)
        return [f'<line class="line" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - BOTTOM}"/>']


def ticks_to(most: float) -> list[float]:
    """Round numbers from 0 to the first that is not below `most`, at equal distances, and not many."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / MOST_TICKS
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(each * magnitude for each in _STEPS if each * magnitude >= rough * (1 - 1e-9))
    return [step * number for number in range(math.ceil(most / step - 1e-9) + 1)]


def position(value: float, most: float) -> float:
    """Where a value is on the axis, in pixels from the left."""
    return LABELS + (WIDTH - VALUES - LABELS) * value / most


def _bar(bar: Bar, number: int, most: float) -> list[str]:
    top = TOP + ROW * number + (ROW - BAR) / 2
    weight = " ours" if bar.ours else ""
    drawn = [
        f'<text class="name{weight}" x="{LABELS - 10}" y="{top + 13:.0f}" text-anchor="end">{escape(bar.label)}</text>'
    ]
    before = 0.0
    for part, value in enumerate(bar.parts):
        left, right = position(before, most), position(before + value, most)
        width = max(0.5, right - left)  # something, however little it is
        drawn.append(f'<rect class="part{part}" x="{left:.1f}" y="{top:.0f}" width="{width:.1f}" height="{BAR}"/>')
        before += value
    end = position(before, most) + 6
    drawn.append(f'<text class="name{weight}" x="{end:.1f}" y="{top + 13:.0f}">{escape(bar.shown)}</text>')
    return drawn


_STYLE = (
    "text{font-family:system-ui,sans-serif;fill:#1f2328}.title{font-size:16px;font-weight:600}"
    ".name{font-size:13px}.ours{font-weight:700}.small{font-size:12px;fill:#59636e}"
    ".card{fill:#ffffff;stroke:#d1d9e0}.grid{stroke:#d1d9e0}.line{stroke:#cf222e;stroke-dasharray:4 3}"
    ".part0{fill:#0969da}.part1{fill:#bf8700}.part2{fill:#8250df}.part3{fill:#1a7f37}"
    "@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.small{fill:#9198a1}.card{fill:#151b23;stroke:#3d444d}"
    ".grid{stroke:#3d444d}.line{stroke:#ff7b72}.part0{fill:#4493f8}.part1{fill:#d29922}.part2{fill:#ab7df8}"
    ".part3{fill:#3fb950}}"
)
