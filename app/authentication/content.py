"""What is signed: a template with the parts of a request in it, such as `{timestamp}.{body}`."""

from dataclasses import dataclass
from string import Formatter

from app.authentication.canonical_json import canonical

FIELDS = ("body", "canonical_json", "timestamp", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A template, taken apart: text, and behind it a field or nothing."""

    template: str
    pieces: tuple[tuple[bytes, str | None], ...]

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it names."""
        return frozenset(name for _, name in self.pieces if name)

    def of(self, body: bytes, *, timestamp: bytes = b"", message_id: bytes = b"") -> bytes | None:
        """What is signed of a request, to the byte; None where there is no such thing."""
        if self.pieces == _BODY:
            return body
        parts: list[bytes] = []
        for text, name in self.pieces:
            parts.append(text)
            match name:
                case "body":
                    parts.append(body)
                case "timestamp":
                    parts.append(timestamp)
                case "id":
                    parts.append(message_id)
                case "canonical_json":
                    form = canonical(body)
                    if form is None:
                        return None
                    parts.append(form)
        return b"".join(parts)


def content(template: str) -> Content:
    """Take a template apart. `{{` and `}}` stand for braces. Raises ValueError."""
    pieces = []
    for text, name, form, conversion in Formatter().parse(template):
        if name is not None and (name not in FIELDS or form or conversion):
            raise ValueError(
                f"a template has the fields {', '.join(f'{{{known}}}' for known in FIELDS)}, and not {{{name}…}}"
            )
        pieces.append((text.encode(), name))
    found = Content(template=template, pieces=tuple(pieces))
    if not found.fields & {"body", "canonical_json"}:
        raise ValueError("a signature that is not over {body} or {canonical_json} protects nothing")
    return found


_BODY = ((b"", "body"),)
