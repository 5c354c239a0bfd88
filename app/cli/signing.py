"""Who changes something by hand, and why: asked of every command that does."""

import getpass
from typing import Annotated

import typer

from app.cli.text import line
from app.domain.intervention import Signature

Reason = Annotated[str, typer.Option(parser=line, metavar="TEXT", help="Why, for whoever asks later. Needed.")]
ReasonToDoIt = Annotated[
    str | None,
    typer.Option("--reason", parser=line, metavar="TEXT", help="Why, for whoever asks later. Needed with --yes."),
]
By = Annotated[str | None, typer.Option(parser=line, metavar="NAME", help="Who does it; you, by default.")]


def signature(by: str | None, reason: str) -> Signature:
    """Signed by whoever is named, or else by who is logged in."""
    return Signature(actor=by or _user(), reason=reason)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):  # as in a container whose user has no name
        raise typer.BadParameter("this user has no name here: say who you are", param_hint="--by") from None
