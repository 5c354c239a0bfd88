"""Text from the command line, and text to a terminal."""

import typer


def line(value: str) -> str:
    """What was given, if it says something and is text: the command line can hold any bytes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("is not UTF-8") from None
    if not value.strip():
        raise typer.BadParameter("must not be blank")
    return value.strip()


def shown(value: str) -> str:
    """Without what a terminal would obey: ids, answers and payloads are the words of others."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in value)
