"""`feeds`: lists the feeds, and tries payloads out on them without a server or a database."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.api.reading import Reader
from app.authentication.api_keys import ApiKeys
from app.authentication.basic import Basic
from app.authentication.signature import Signature
from app.authentication.standard_webhooks import StandardWebhooks
from app.cli.deciding_anew import compare, release
from app.cli.named import named
from app.cli.text import shown
from app.cli.trial import REFUSED, Outcome, print_outcome, tried
from app.domain.authentication import Scheme
from app.settings import load

feeds = typer.Typer(
    name="feeds",
    help="List the feeds, and try out what they make of payloads and of what is stored.",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]


@feeds.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the feeds that are served: name, kind, path, and how senders authenticate. No secret is shown."""
    found = [
        {"name": feed.name, "kind": feed.kind, "path": f"/events/{feed.name}", "authentication": scheme(feed.scheme)}
        for feed in load().feed_values()
    ]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    table = Table("name", "kind", "path", "authentication")
    for each in found:
        table.add_row(*(Text(shown(cell)) for cell in each.values()))
    Console().print(table)


@feeds.command("test")
def try_out(
    feed: Annotated[str, typer.Argument(help="The feed that the payload is for.")],
    file: Annotated[
        str, typer.Argument(help="A file with a payload, an array of them, or a batch; - reads standard input.")
    ] = "-",
    as_json: AsJson = False,
) -> None:
    """Show what the service would make of a payload: the event in it, whether it counts and why not, and the exact
    contributions; or every mistake. Nothing is recorded, and neither server nor database is needed. Exits 1 when
    something would be refused.
    """
    settings = load()
    chosen = named(settings.feed_values(), feed)
    largest = chosen.limits.body or settings.server.body_limit
    outcomes = tried(Reader(chosen), _content(file), largest=largest, home=settings.server.home())
    if as_json:
        print(json.dumps({"feed": feed, "items": outcomes}, indent=2))
    else:
        _print(outcomes)
    if any(each["outcome"] == REFUSED for each in outcomes):
        raise typer.Exit(1)


feeds.command()(compare)
feeds.command()(release)


def scheme(found: Scheme) -> str:
    """How senders authenticate, in words."""
    match found:
        case StandardWebhooks():
            return "Standard Webhooks"
        case ApiKeys(bearer=True):
            return "API key, as a bearer token"
        case ApiKeys(header=header):
            return f"API key in {header}"
        case Basic():
            return "Basic"
        case Signature():
            return f"{found.algorithm.name} signature in {found.header}"
        case _:
            return "none: anybody may post"


def _content(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{error.strerror}: {shown(file)}", param_hint="FILE") from None


def _print(outcomes: list[Outcome]) -> None:
    for number, outcome in enumerate(outcomes):
        if len(outcomes) > 1:
            print(f"[{number}]", end=" ")
        print_outcome(outcome)
    if len(outcomes) != 1:
        counted = Counter(each["outcome"] for each in outcomes)
        print(f"{len(outcomes)} payloads: " + ", ".join(f"{count} {name}" for name, count in sorted(counted.items())))
