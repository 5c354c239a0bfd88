"""`contributions`: lists and shows what the ledger holds, and lets a person have it sent again or discarded."""

import asyncio
import dataclasses
import json
import sys
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from app.cli.intervening import MAYBE_THERE, intervene, refuse
from app.cli.opened import opened_at_head
from app.cli.selecting import Brand, Event, Feed, GatewayStatuses, Ids, Since, Statuses, Until, selected, spacing
from app.cli.showing import print_history, print_list, without_tokens
from app.cli.signing import By, Reason, signature
from app.domain.intervention import Discard, Replay
from app.domain.settlement import Status
from app.ledger.history import History, contribution_history
from app.ledger.listing import Listing, list_contributions
from app.settings import load

contributions = typer.Typer(
    name="contributions",
    help="List and show contributions, have them sent again, or discard them.",
    no_args_is_help=True,
)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]


@contributions.command("list")
def list_(
    ids: Ids = None,
    statuses: Statuses = None,
    feed: Feed = None,
    brand: Brand = None,
    event: Event = None,
    since: Since = None,
    until: Until = None,
    gateway_statuses: GatewayStatuses = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List contributions, those for the latest events first. What is given narrows the list."""
    selection = selected(ids, statuses, feed, brand, event, since, until, gateway_statuses)
    database = load().database()

    async def run() -> Listing:
        async with opened_at_head(database) as engine:
            return await list_contributions(engine, selection, limit=limit)

    found = asyncio.run(run())
    if as_json:
        _print_json(found)
    else:
        print_list(found)


@contributions.command()
def show(
    contribution_id: Annotated[UUID, typer.Argument(metavar="ID")],
    as_json: AsJson = False,
    tokens: Annotated[bool, typer.Option("--show-tokens", help="Do not mask the player's session token.")] = False,
) -> None:
    """Show everything that is kept of a contribution, and what people did to it. Exits 1 where there is none."""
    database = load().database()

    async def run() -> History | None:
        async with opened_at_head(database) as engine:
            return await contribution_history(engine, contribution_id)

    found = asyncio.run(run())
    if found is None:
        print(f"contributions: there is no contribution {contribution_id}", file=sys.stderr)
        raise typer.Exit(1)
    kept = found if tokens else without_tokens(found)
    if as_json:
        _print_json(kept)
    else:
        print_history(kept)


@contributions.command()
def replay(
    reason: Reason,
    ids: Ids = None,
    statuses: Statuses = None,
    feed: Feed = None,
    brand: Brand = None,
    event: Event = None,
    since: Since = None,
    until: Until = None,
    gateway_statuses: GatewayStatuses = None,
    by: By = None,
    rate: Annotated[
        str | None, typer.Option(metavar="RATE", help="Spread them: 10/s, 600/m. All are due at once without it.")
    ] = None,
    not_at_gateway: Annotated[
        bool,
        typer.Option("--not-at-gateway", help="I compared with the Gateway's account: it has none of these."),
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Have contributions sent again that are declined, expired, discarded or, with --not-at-gateway, unknown.
    Exits 1 when some of the ids, or some that others were changing, were left as they are.
    """
    settings = load()
    selection = selected(ids, statuses, feed, brand, event, since, until, gateway_statuses)
    safe = not_at_gateway or settings.gateway.deduplicates
    if not_at_gateway and not selection.ids:
        refuse("--not-at-gateway needs the ids that you compared: a filter finds others by the time it is run")
    if Status.UNKNOWN in selection.statuses and not safe:
        refuse(MAYBE_THERE)
    action = Replay(
        spacing=spacing(rate) if rate else timedelta(),
        doubtful=safe,
        absent=not_at_gateway,
        discarded=bool(selection.ids) or Status.DISCARDED in selection.statuses,  # never by the way
    )
    intervene(settings.database(), selection, action, signature(by, reason), dry_run=dry_run)


@contributions.command()
def discard(
    reason: Reason,
    ids: Ids = None,
    statuses: Statuses = None,
    feed: Feed = None,
    brand: Brand = None,
    event: Event = None,
    since: Since = None,
    until: Until = None,
    gateway_statuses: GatewayStatuses = None,
    by: By = None,
    dry_run: DryRun = False,
) -> None:
    """Decide that contributions are not sent: those that are pending, declined, expired or unknown.
    Exits 1 when some of the ids, or some that others were changing, were left as they are.
    """
    selection = selected(ids, statuses, feed, brand, event, since, until, gateway_statuses)
    intervene(load().database(), selection, Discard(), signature(by, reason), dry_run=dry_run)


def _print_json(value: Listing | History) -> None:
    def text(part: Any) -> str:
        return part.isoformat() if isinstance(part, datetime) else str(part)

    print(json.dumps(dataclasses.asdict(value), indent=2, default=text))
