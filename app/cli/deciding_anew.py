"""`feeds compare` and `feeds release`: what a changed configuration makes of events that are stored."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.api.reading import Reader
from app.cli.comparing import Tally, judged
from app.cli.named import named
from app.cli.opened import opened_at_head
from app.cli.releasing import RELEASABLE, Releasing
from app.cli.selecting import Since, Until, moment
from app.cli.signing import By, ReasonToDoIt, signature
from app.cli.text import line, shown
from app.domain.filtering import IgnoreReason
from app.domain.suggestion import suggestion
from app.ledger.releasing import NEVER
from app.ledger.stored import Period, has_events, stored
from app.settings import load

EventId = Annotated[str | None, typer.Option("--event", parser=line, metavar="ID", help="With this event_id.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]


def compare(
    feed: Annotated[str | None, typer.Argument(parser=line, help="Of this feed; of all, by default.")] = None,
    since: Since = None,
    until: Until = None,
    examples: Annotated[int, typer.Option(min=0, help="At most so many events of each difference.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Decide on stored events anew, by the configuration as it is now, and show what would be decided differently: of
    the last seven days, unless --since says otherwise. Writes nothing. Exits 1 when something would be, 2 when the feed
    is neither configured nor known to the ledger.
    """
    settings = load()
    readers = {each.name: Reader(each) for each in settings.feed_values()}
    period = Period(since=since or moment("7d"), until=until or datetime.now(UTC), feed=feed)
    tally = Tally(limit=examples)

    async def run() -> None:
        async with opened_at_head(settings.database()) as engine:
            configured = settings.feeds.named()
            if feed and feed not in configured and not await has_events(engine, feed=feed):
                mistake = f"there is no feed {shown(feed)}, and no event of one{suggestion(feed, configured)}"
                raise typer.BadParameter(mistake, param_hint="FEED")
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


def release(
    feed: Annotated[str, typer.Argument(help="The feed whose events were ignored by mistake.")],
    since: Annotated[datetime, typer.Option(parser=moment, metavar="TIME", help="Received then or later: 2h, 7d, ….")],
    reason: ReasonToDoIt = None,
    until: Until = None,
    ignored: Annotated[
        list[IgnoreReason] | None, typer.Option(help="Ignored for this reason; may be repeated. Any, by default.")
    ] = None,
    event: EventId = None,
    by: By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without it, only what would be done is shown.")] = False,
    examples: Annotated[int, typer.Option(min=0, help="At most so many events are shown.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Have events that were ignored contribute after all, where they would count by the configuration as it is now:
    each once, whoever runs it, and however often. What was ignored as a contribution's own event never does. Exits 1
    when some were left because others were changing them.
    """
    if NEVER in (ignored or ()):
        raise typer.BadParameter(f"what was ignored as {NEVER} is never released", param_hint="--ignored")
    if yes and not reason:
        raise typer.BadParameter("is needed with --yes: a release is signed", param_hint="--reason")
    settings = load()
    chosen = named(settings.feed_values(), feed)
    signed = signature(by, reason) if yes and reason else None
    period = Period(
        since=since,
        until=until or datetime.now(UTC),
        feed=feed,
        event_id=event,
        ignored=frozenset(ignored or RELEASABLE),
    )
    releasing = Releasing(readers={feed: Reader(chosen)}, signature=signed, found=Tally(limit=0 if yes else examples))

    async def run() -> None:
        async with opened_at_head(settings.database()) as engine:
            await releasing.run(engine, period)

    try:
        asyncio.run(run())
    finally:  # whoever interrupts it learns how far it came
        _report(releasing, as_json=as_json)
    if releasing.left:
        raise typer.Exit(1)


def _report(releasing: Releasing, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(releasing.as_json(), indent=2))
        return
    print(releasing.summary())
    for each in releasing.found.example_lines():
        print(each)
