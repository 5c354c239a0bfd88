"""The fields of a request's head."""

from starlette.types import Scope


def header_fields(scope: Scope) -> dict[str, str]:
    """By their names in lower case; the first of those that come twice."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
