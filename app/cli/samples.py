"""Sample payloads from a file: one body, or an array of them."""

import json

_SPACE = " \t\n\r"
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def bodies(content: bytes) -> list[bytes]:
    """The items of a JSON array, byte for byte as they are there; of anything else, that itself."""
    try:
        return [item.encode() for item in _items(content.decode())] or [content]
    except (ValueError, RecursionError):  # no UTF-8, no JSON: one body, which the feed will refuse
        return [content]


def _items(text: str) -> list[str]:
    at = _after_space(text, 0)
    if text[at : at + 1] != "[":
        return []
    found, closed = list[str](), False
    while not closed:
        begin = _after_space(text, at + 1)
        _, end = _DECODER.raw_decode(text, begin)
        found.append(text[begin:end])
        at = _after_space(text, end)
        closed = text[at : at + 1] == "]"
        if not closed and text[at : at + 1] != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
    if _after_space(text, at + 1) != len(text):
        raise json.JSONDecodeError("Extra data", text, at + 1)
    return found


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
