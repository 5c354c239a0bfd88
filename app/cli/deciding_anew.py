"""`feeds compare`: what a changed configuration makes of events that are stored."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.api.reading import Reader
from app.cli.comparing import Tally, judged
from app.cli.opened import opened_at_head
from app.cli.selecting import Since, Until, moment
from app.ledger.stored import Period, stored
from app.settings import load

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]


def compare(
    feed: Annotated[str | None, typer.Argument(help="Of this feed; of all, by default.")] = None,
    since: Since = None,
    until: Until = None,
    examples: Annotated[int, typer.Option(min=0, help="At most so many events of each difference.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Decide on stored events anew, by the configuration as it is now, and show what would be decided differently: of
    the last seven days, unless --since says otherwise. Writes nothing. Exits 1 when something would be.
    """
    settings = load()
    readers = {each.name: Reader(each) for each in settings.feed_values()}
    period = Period(since=since or moment("7d"), until=until or datetime.now(UTC), feed=feed)
    tally = Tally(limit=examples)

    async def run() -> None:
        async with opened_at_head(settings.database()) as engine:
            async for page in stored(engine, period):
                for each in page:
                    tally.add(judged(readers, each))

    asyncio.run(run())
    if as_json:
        print(json.dumps(tally.as_json(), indent=2))
    else:
        for each in tally.lines():
            print(each)
    if tally.counts:
        raise typer.Exit(1)
