"""docs/guide.md, taken apart: its sections, its commands and configurations, and what it shows behind them."""

import re
from dataclasses import dataclass
from pathlib import Path

GUIDE = (Path(__file__).parents[2] / "docs" / "guide.md").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Commands ("sh"), or a configuration ("toml"), and what the guide shows right behind it."""

    language: str
    text: str
    shown: str = ""


def blocks(text: str) -> list[Block]:
    """In order; what is shown belongs to what is before it."""
    found: list[Block] = []
    for language, content in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if language in {"text", "json"}:
            found[-1] = Block(language=found[-1].language, text=found[-1].text, shown=content)
        else:
            found.append(Block(language=language, text=content))
    return found


def section(heading: str) -> str:
    """What is below a heading, up to the next one."""
    _, found, rest = GUIDE.partition(f"# {heading}\n")
    assert found, heading
    return re.split(r"\n##+ ", rest)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of the first table, without its head."""
    table, *_ = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    return [re.split(r"\s*\|\s*", line)[1:-1] for line in table.splitlines()[2:]]


def matches(shown: str, output: str) -> bool:
    """Whether it is as shown, with anything in place of each ellipsis."""
    return bool(re.fullmatch(re.escape(shown).replace("…", ".*?"), output, re.DOTALL))
