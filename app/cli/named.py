"""A feed, by its name on the command line."""

import typer

from app.cli.text import shown
from app.domain.feed import Feed
from app.domain.suggestion import suggestion


def named(feeds: tuple[Feed, ...], name: str) -> Feed:
    """The feed of that name. Raises BadParameter."""
    found = {candidate.name: candidate for candidate in feeds}
    if name not in found:
        raise typer.BadParameter(f"there is no feed {shown(name)}{suggestion(name, found)}", param_hint="FEED")
    return found[name]
