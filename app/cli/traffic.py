"""`traffic`: an operator's traffic against a running service, for whoever integrates or deploys one."""

import asyncio
import sys
from random import Random
from secrets import token_hex
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.table import Table

from app.domain.authentication import CannotSignError, Scheme
from app.sandbox.operator import GaveUpError, Operator, Record
from app.sandbox.traffic import Traffic
from app.settings import load

CONCURRENCY = 16

_console = Console()


def traffic(
    url: Annotated[str, typer.Argument(help="Where the service is, such as http://127.0.0.1:8000.")],
    events: Annotated[int, typer.Option(help="How many events to send, about.", min=1)] = 200,
) -> None:
    """Send bets and deposits, duplicates, conflicts, rollbacks and wrong requests, authenticated as the configuration
    says. Exits 1 when an answer was not the one that a service with the default rules gives.
    """
    settings = load()
    schemes = {feed.name: feed.scheme for feed in settings.feed_values()}
    if missing := {"bet", "deposit"} - schemes.keys():
        mistake = f"the feed {min(missing)} is not enabled: traffic is sent to bet and deposit, in our own schema"
        raise typer.BadParameter(mistake, param_hint="configuration")
    sample = Traffic(brand_id=settings.brands[0], random=Random(), prefix=f"{token_hex(4)}-")
    try:
        record = asyncio.run(_send(url, schemes, sample, events))
    except GaveUpError as error:
        print(f"traffic: {error} from {url}", file=sys.stderr)
        raise typer.Exit(1) from None
    except CannotSignError:
        raise typer.BadParameter(
            "a feed has public keys: only its sender can sign", param_hint="configuration"
        ) from None
    table = Table("answer", "count")
    table.columns[1].justify = "right"
    for answer in sorted(record.answers):
        table.add_row(answer, str(record.answers[answer]))
    _console.print(table)
    for surprise in record.unexpected[:10]:
        _console.print(f"unexpected: {surprise}")
    if record.unexpected:
        raise typer.Exit(1)


async def _send(url: str, schemes: dict[str, Scheme], sample: Traffic, events: int) -> Record:
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        operator = Operator(client, schemes, sent=lambda: None)
        await operator.send(sample.stories(events), concurrency=CONCURRENCY)
        return operator.record
