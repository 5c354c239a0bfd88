"""An excerpt of a body that was refused, as a line of the log may have it."""

from app.domain.masking import masked, tokens


def excerpt(body: bytes, *, limit: int) -> str:
    """The first `limit` bytes as text, players' tokens masked where they are found; bytes that are no UTF-8 escaped.
    Cut before it is masked: what looks for tokens takes long over bodies made to have it so.
    """
    text = body.decode("utf-8", "backslashreplace")
    return masked(body[:limit].decode("utf-8", "backslashreplace"), tokens(text))
