"""The command line: one sub-command per job, and one line per mistake."""

import sys

import typer

from app import __version__
from app.cli import configuration, demo, ledger, migrate, pause, sandbox, service, sign, traffic, worker
from app.cli.contributions import contributions
from app.cli.feeds import feeds
from app.cli.listening import PortTakenError
from app.ledger.embedded import EmbeddedUnavailableError
from app.ledger.engine import LedgerUnavailableError
from app.ledger.schema import UnknownSchemaError
from app.settings import ConfigurationError

command = typer.Typer(
    name="event-processor",
    help="Receives an operator's bets and deposits, and contributes each once at the ThrillPots Gateway.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for function in (
    service.serve,
    service.dispatch,
    migrate.migrate,
    pause.pause,
    pause.resume,
    configuration.check_config,
    sign.sign,
    sandbox.sandbox,
    traffic.traffic,
    demo.demo,
):
    command.command()(function)
command.command(hidden=True)(worker.worker)
command.add_typer(contributions)
command.add_typer(feeds)
command.add_typer(ledger.command, name="ledger")


@command.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    """Receives an operator's bets and deposits, and contributes each once at the ThrillPots Gateway."""
    if show:
        print(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command. Exits 1 when the job was done and its answer is no, 2 on a wrong configuration or command line,
    3 when the database or the port was not to be had.
    """
    try:
        command()
    except ConfigurationError as error:
        for mistake in error.mistakes:
            print(f"configuration: {mistake}", file=sys.stderr)
        sys.exit(2)
    except (EmbeddedUnavailableError, LedgerUnavailableError, UnknownSchemaError) as error:
        print(f"database: {error}", file=sys.stderr)
        sys.exit(3)
    except PortTakenError as error:
        print(f"port: {error}", file=sys.stderr)
        sys.exit(3)
