"""The fields of a request's head."""

from starlette.types import Scope


def header_fields(scope: Scope) -> dict[str, str]:
    """By their names in lower case; the first of those that come twice. White space around a value is none of it (RFC
    9110, 5.5), and what is behind it comes from the parser.
    """
    return {name.decode("latin-1"): value.decode("latin-1").strip(" \t") for name, value in reversed(scope["headers"])}
