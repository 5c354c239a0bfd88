"""The example file and the documentation's reference name every setting, with its real default."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from app.settings.feeds import RuleSettings
from tests.unit.settings import SECRET, VALID, loaded, mistakes, toml

ROOT = Path(__file__).parents[3]
AS_SHIPPED = (ROOT / "event-processor.example.toml").read_text(encoding="utf-8")
EXAMPLE = AS_SHIPPED.replace("whsec_REPLACE-ME", SECRET)
REFERENCE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def uncommented(text: str, *, but: Iterable[str] = ()) -> str:
    """The text with its settings and headings in force, except the settings named."""
    kept = "".join(rf"(?!{name} = )" for name in but)
    return re.sub(rf"^#(?={kept}(\w+ = |\[))", "", text, flags=re.MULTILINE)


def leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting by its dotted key, those of rules by their number."""
    for key, value in values.items():
        match value:
            case Mapping():
                yield from leaves(value, f"{prefix}{key}.")
            case [Mapping(), *_]:
                yield from leaves({str(number): rule for number, rule in enumerate(value)}, f"{prefix}{key}.")
            case _:
                yield f"{prefix}{key}", value


def settings() -> dict[str, Any]:
    """Every setting by its dotted key, with its default where it has one."""
    return dict(leaves(loaded().model_dump()))


def unset() -> list[str]:
    return [key for key, value in settings().items() if value is None]


def section(heading: str) -> str:
    return REFERENCE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def reference() -> list[tuple[str, str]]:
    """The reference's keys and defaults, for each feed where it writes `feeds.*`."""
    rows = re.findall(r"^\| `([\w.*]+)` \| (\S.*?) \|", section("Reference"), re.MULTILINE)
    feeds = {True: ("bet", "deposit"), False: ("",)}
    return [(key.replace("*", feed), default) for key, default in rows for feed in feeds["*" in key]]


def test_the_example_names_every_setting() -> None:
    expected = sorted(settings())

    assert expected == sorted(key for key, _ in leaves(tomllib.loads(uncommented(EXAMPLE))))


def test_the_example_sets_what_is_needed_and_nothing_else() -> None:
    expected = set(VALID) - {"feeds.deposit.api_keys"} | {"feeds.deposit.webhook_secrets"}

    assert expected == dict(leaves(tomllib.loads(EXAMPLE))).keys()


def test_the_example_as_shipped_authenticates_nobody() -> None:
    """Secrets that everybody can read would pass for real ones."""
    assert ["feeds.bet.webhook_secrets", "feeds.deposit.webhook_secrets"] == [
        line.partition(":")[0] for line in mistakes(AS_SHIPPED)
    ]


def test_the_defaults_that_the_example_shows_are_the_defaults() -> None:
    expected = loaded(EXAMPLE)

    assert expected == loaded(uncommented(EXAMPLE, but=(key.rpartition(".")[2] for key in unset())))


def test_the_example_is_valid_with_everything_in_force() -> None:
    unread = ("status", "stake_type", "bonus_amount")  # by default
    emptied = "statuses"  # those of the profile

    assert loaded(uncommented(EXAMPLE, but=["ca_file", emptied, *unread])).database_url


def test_the_reference_names_every_setting_once() -> None:
    expected = sorted({re.sub(r"\.rules\..*", ".rules", key) for key in settings()})

    assert expected == sorted(key for key, _ in reference())


def test_the_defaults_of_the_reference_are_the_defaults() -> None:
    defaults = {key: default.strip("`") for key, default in reference() if default not in {"needed", "—"}}
    changes = {key: default for key, default in defaults.items() if key not in VALID}

    assert loaded() == loaded(toml(**changes))


def test_the_reference_says_what_is_needed_and_what_has_no_default() -> None:
    expected = {key: "needed" for key in VALID if not key.startswith("feeds.")} | dict.fromkeys(unset(), "—")

    assert expected == {key: default for key, default in reference() if default in {"needed", "—"}}


def test_the_reference_of_rules_names_their_settings() -> None:
    expected = sorted(RuleSettings.model_fields)

    assert expected == sorted(re.findall(r"^\| `(\w+)` \|", section("Rules"), re.MULTILINE))
