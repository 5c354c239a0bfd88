"""Signatures as an operator's platform makes them: which header, over what, by which algorithm, written how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.authentication.algorithm import Algorithm
from app.authentication.content import Content
from app.authentication.encoding import Encoding, decoded, encoded
from app.authentication.timestamp import Timestamp
from app.authentication.wire import wire

MAX_LENGTH = 8192  # characters of a signature's header; RSA of 4096 bits needs about 700
MAX_SIGNATURES = 4  # of a request that are looked at, by any of the keys: each may cost a tenth of a millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature in the header of this name, or, with `parameter`, in that part of it: `t=1614265330,v1=…`."""

    algorithm: Algorithm
    content: Content
    header: str
    parameter: str = ""
    prefix: str = ""
    encoding: Encoding = "hex"
    timestamp: Timestamp | None = None
    id_header: str = ""

    @property
    def challenge(self) -> str:
        """The header's name."""
        return f'Signature header="{self.header}"'

    @property
    def signs(self) -> bool:
        """As `Scheme` says."""
        return True

    def refusal(self, headers: Mapping[str, str], body: bytes, *, now: float) -> str | None:
        """As `Scheme` says."""
        value = headers.get(self.header.lower(), "")
        message_id = headers.get(self.id_header.lower(), "")
        if not value or (self.id_header and not message_id):
            return f"{self._needed()} needed"
        if len(value) > MAX_LENGTH:
            return f"{self.header} is too long"
        parameters = _parameters(value)
        written = self._timestamp(headers, parameters)
        if self.timestamp and (reason := self._timestamp_refusal(written, now)):
            return reason
        offered = parameters.get(self.parameter, ()) if self.parameter else (value,)
        content = self.content.of(body, timestamp=wire(written), message_id=wire(message_id))
        return self._mismatch(offered, content)

    def credentials(self, body: bytes, *, message_id: str, timestamp: int) -> dict[str, str]:
        """As `Scheme` says."""
        written = self.timestamp.text(timestamp) if self.timestamp else ""
        content = self.content.of(body, timestamp=wire(written), message_id=wire(message_id))
        signed = self.prefix + encoded(self.algorithm.sign(content or b""), self.encoding)
        headers = {}
        if self.id_header:
            headers[self.id_header.lower()] = message_id
        if self.timestamp and self.timestamp.header:
            headers[self.timestamp.header.lower()] = written
        if self.parameter:
            signed = f"{self.parameter}={signed}"
        if self.timestamp and self.timestamp.parameter:
            signed = f"{self.timestamp.parameter}={written},{signed}"
        return headers | {self.header.lower(): signed}

    def _timestamp(self, headers: Mapping[str, str], parameters: Mapping[str, Sequence[str]]) -> str:
        if self.timestamp is None:
            return ""
        if self.timestamp.header:
            return headers.get(self.timestamp.header.lower(), "")
        return next(iter(parameters.get(self.timestamp.parameter, ())), "")

    def _timestamp_refusal(self, written: str, now: float) -> str | None:
        if self.timestamp is None:
            return None
        return self.timestamp.refusal(written, now=now) if written else f"{self._needed()} needed"

    def _mismatch(self, offered: Sequence[str], content: bytes | None) -> str | None:
        if not offered:
            return f"{self._needed()} needed"
        if len(offered) > MAX_SIGNATURES:
            return f"{self.header} has more than {MAX_SIGNATURES} signatures"
        signatures = [
            decoded(text.removeprefix(self.prefix), self.encoding) for text in offered if text.startswith(self.prefix)
        ]
        readable = [signature for signature in signatures if signature]
        if not readable:
            form = f"{self.prefix} and {self.encoding}" if self.prefix else self.encoding
            return f"the signature in {self.header} is not written as {form}"
        found = False
        for signature in readable:
            found |= content is not None and self.algorithm.verifies(content, signature)
        if found:
            return None
        return f"the signature in {self.header} is not that of {self.content.template} by a key of this feed"

    def _needed(self) -> str:
        """What a request has to have, in words."""
        names = [self.header]
        if self.parameter:
            names[0] += f" with {self.parameter}=<signature>"
        if self.timestamp:
            names.append(self.timestamp.header or f"{self.timestamp.parameter}=<timestamp> in it")
        if self.id_header:
            names.append(self.id_header)
        return f"the header {names[0]} is" if len(names) == 1 else f"the headers {' and '.join(names)} are"


def _parameters(value: str) -> dict[str, list[str]]:
    """The values of `name=value` pairs that commas separate, by their names."""
    found: dict[str, list[str]] = {}
    for pair in value.split(","):
        name, _, text = pair.strip().partition("=")
        found.setdefault(name, []).append(text)
    return found
