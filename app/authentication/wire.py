"""Header fields as bytes: what a sender signs is what it sends, in whatever character set it has."""


def wire(text: str) -> bytes:
    """A header's text, as it is decoded here, as it came over the wire."""
    return text.encode("latin-1", "replace")
