"""A signature as an operator's platform makes it: a feed's `signature` table."""

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator, model_validator

from app.authentication.algorithm import Algorithm
from app.authentication.content import Content, content
from app.authentication.encoding import Encoding
from app.authentication.shared_secret import Hmac, PlainHash
from app.authentication.signature import Signature
from app.authentication.timestamp import Form, Timestamp
from app.settings.keys import PublicKeys, SecretEncoding, decoded, ed25519, rsa
from app.settings.values import HeaderName, NoneOrHeaderName, Secrets

SECRET_FIELD = "{secret}"  # noqa: S105 - where a plain hash has its secret, not one


def _parameter(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{0,50}", value):
        raise ValueError("must be the name of a parameter: letters, digits, hyphens, dots and underscores")
    return value


def _prefix(value: str) -> str:
    if not re.fullmatch("[ -~]*", value):
        raise ValueError("must be printable ASCII, as what a sender puts into a header")
    return value


ParameterName = Annotated[str, AfterValidator(_parameter)]
Prefix = Annotated[str, AfterValidator(_prefix)]


class SignatureSettings(BaseModel):
    """A signature as an operator's platform makes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    algorithm: Literal["hmac-sha256", "hmac-sha512", "sha256", "rsa-sha256", "ed25519"] = "hmac-sha256"
    secrets: Secrets = []
    secret_encoding: SecretEncoding = "text"  # noqa: S105 - how secrets are written
    public_keys: PublicKeys = []
    header: HeaderName = "X-Signature"
    parameter: ParameterName = ""
    prefix: Prefix = ""
    encoding: Encoding = "hex"
    content: str = "{body}"
    timestamp_header: NoneOrHeaderName = ""
    timestamp_parameter: ParameterName = ""
    timestamp_form: Form = "seconds"
    id_header: NoneOrHeaderName = ""

    @property
    def given(self) -> bool:
        """Whether a feed is authenticated by it."""
        return bool(self.secrets or self.public_keys)

    @property
    def canonical(self) -> bool:
        """Whether bodies are signed in their canonical form."""
        return self.given and "canonical_json" in _content(self.content).fields

    @field_validator("content")
    @classmethod
    def _is_a_template(cls, value: str) -> str:
        _content(value)
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.given:
            if self.model_dump(exclude_defaults=True):
                raise ValueError("set secrets, or public_keys where the algorithm is rsa-sha256 or ed25519")
            return self
        for wrong, mistake in (*self._mistakes(), *self._unreadable()):
            if wrong:
                raise ValueError(mistake)
        try:
            self._algorithm()
        except ValueError as error:
            raise ValueError(f"{'secrets' if self.secrets else 'public_keys'}: {error}") from None
        return self

    def _mistakes(self) -> tuple[tuple[bool, str], ...]:
        public = self.algorithm in {"rsa-sha256", "ed25519"}
        signed = _content(self.content).fields
        timed = bool(self.timestamp_header) + bool(self.timestamp_parameter)
        hashed = self.content.endswith(SECRET_FIELD)
        return (
            (public and bool(self.secrets), f"{self.algorithm} takes public_keys, and no secrets"),
            (not public and bool(self.public_keys), f"{self.algorithm} takes secrets, and no public_keys"),
            (timed > 1, "timestamp_header and timestamp_parameter exclude each other: set one"),
            (bool(self.timestamp_parameter) and not self.parameter, "timestamp_parameter needs parameter beside it"),
            (
                timed == 0 and "timestamp" in signed,
                "content names {timestamp}: set timestamp_header or timestamp_parameter",
            ),
            (timed > 0 and "timestamp" not in signed, "content must name {timestamp}, or anybody can change it"),
            ("id" in signed and not self.id_header, "content names {id}: set id_header"),
            (bool(self.id_header) and "id" not in signed, "content must name {id}, or anybody can change it"),
            (
                self.algorithm == "sha256" and not hashed,
                'content must end with {secret}, as "{body}{secret}" does, or others can continue the hash',
            ),
            (self.algorithm != "sha256" and hashed, "content names {secret}, which only the algorithm sha256 takes"),
        )

    def _unreadable(self) -> tuple[tuple[bool, str], ...]:
        """What would leave the service running, and every sender refused."""
        headers = [name.lower() for name in (self.header, self.timestamp_header, self.id_header) if name]
        return (
            (
                len(set(headers)) < len(headers),
                "header, timestamp_header and id_header are three headers: give each a name of its own",
            ),
            (
                bool(self.parameter) and self.parameter == self.timestamp_parameter,
                "parameter and timestamp_parameter are two parts of the header: give each a name of its own",
            ),
            (bool(self.parameter) and "," in self.prefix, "prefix has a comma, which ends a parameter"),
            (
                not self.parameter and self.prefix.startswith(" "),
                "prefix begins with a blank, which is no part of a header's value",
            ),
        )

    def _algorithm(self) -> Algorithm:
        """Raises ValueError where a key is none."""
        match self.algorithm:
            case "rsa-sha256":
                return rsa(self.public_keys)
            case "ed25519":
                return ed25519(self.public_keys)
        keys = decoded(self.secrets, self.secret_encoding)
        match self.algorithm:
            case "sha256":
                return PlainHash(keys=keys)
            case _:
                return Hmac(keys=keys, digest=self.algorithm.removeprefix("hmac-"))

    def scheme(self, tolerance: timedelta) -> Signature:
        """For the feed."""
        timestamp = Timestamp(
            tolerance=tolerance,
            header=self.timestamp_header,
            parameter=self.timestamp_parameter,
            form=self.timestamp_form,
        )
        return Signature(
            algorithm=self._algorithm(),
            content=_content(self.content),
            header=self.header,
            parameter=self.parameter,
            prefix=self.prefix,
            encoding=self.encoding,
            timestamp=timestamp if timestamp.name else None,
            id_header=self.id_header,
        )


def _content(template: str) -> Content:
    """Without the secret at the end of what a plain hash is over."""
    return content(template.removesuffix(SECRET_FIELD))
