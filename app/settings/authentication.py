"""How a feed tells its sender from everybody else: the authentication's part of a feed's settings."""

import binascii
import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from app.authentication.algorithm import Algorithm
from app.authentication.api_keys import ApiKeys
from app.authentication.basic import Basic
from app.authentication.content import Content, content
from app.authentication.encoding import Encoding
from app.authentication.insecure import Insecure
from app.authentication.shared_secret import Hmac, PlainHash
from app.authentication.signature import Signature
from app.authentication.standard_webhooks import StandardWebhooks, secret_bytes
from app.authentication.timestamp import Form, Timestamp
from app.domain.addresses import Addresses, network
from app.domain.authentication import Scheme
from app.settings.values import Duration, Networks, Secrets, entries

SHORTEST_SECRET = 16  # bytes or characters
SECRET_FIELD = "{secret}"  # noqa: S105 - where a plain hash has its secret, not one
_PEM = re.compile(r"-----BEGIN [^-]+-----.*?-----END [^-]+-----", re.DOTALL)


def _header(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", value):
        raise ValueError("must be the name of a header: letters, digits and hyphens")
    return value


def _none_or_header(value: str) -> str:
    return _header(value) if value else value


def _parameter(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{0,50}", value):
        raise ValueError("must be the name of a parameter: letters, digits, hyphens, dots and underscores")
    return value


def _keys(value: Any) -> Any:
    """From a variable or a secrets file: PEMs one behind the other, or entries as everywhere."""
    return _PEM.findall(value) if isinstance(value, str) and _PEM.match(value.strip()) else entries(value)


HeaderName = Annotated[str, AfterValidator(_header)]
NoneOrHeaderName = Annotated[str, AfterValidator(_none_or_header)]
ParameterName = Annotated[str, AfterValidator(_parameter)]
PublicKeys = Annotated[list[str], NoDecode, BeforeValidator(_keys)]


class SignatureSettings(BaseModel):
    """A signature as an operator's platform makes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    algorithm: Literal["hmac-sha256", "hmac-sha512", "sha256", "rsa-sha256", "ed25519"] = "hmac-sha256"
    secrets: Secrets = []
    secret_encoding: Literal["text", "hex", "base64"] = "text"  # noqa: S105 - how secrets are written
    public_keys: PublicKeys = []
    header: HeaderName = "X-Signature"
    parameter: ParameterName = ""
    prefix: str = ""
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
        for wrong, mistake in self._mistakes():
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

    def _algorithm(self) -> Algorithm:
        """Raises ValueError where a key is none."""
        match self.algorithm:
            case "hmac-sha256" | "hmac-sha512":
                return Hmac(keys=self._secret_bytes(), digest=self.algorithm.removeprefix("hmac-"))
            case "sha256":
                return PlainHash(keys=self._secret_bytes())
            case "rsa-sha256":
                return _rsa(self.public_keys)
            case "ed25519":
                return _ed25519(self.public_keys)

    def _secret_bytes(self) -> tuple[bytes, ...]:
        keys = tuple(_bytes(secret.get_secret_value(), self.secret_encoding) for secret in self.secrets)
        if any(len(key) < SHORTEST_SECRET for key in keys):
            raise ValueError(f"a secret is at least {SHORTEST_SECRET} bytes long")
        return keys

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


class AuthenticationSettings(BaseModel):
    """Every feed's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    webhook_secrets: Secrets = []
    webhook_public_keys: PublicKeys = []
    api_keys: Secrets = []
    api_key_header: HeaderName = "Authorization"
    basic_users: Secrets = []
    signature: SignatureSettings = SignatureSettings()
    insecure: bool = False
    timestamp_tolerance: Duration = timedelta(minutes=5)
    allowed_addresses: Networks = []

    @field_validator("webhook_secrets")
    @classmethod
    def _are_keys(cls, value: list[SecretStr]) -> list[SecretStr]:
        for secret in value:
            secret_bytes(secret.get_secret_value())
        return value

    @field_validator("webhook_public_keys")
    @classmethod
    def _are_public_keys(cls, value: list[str]) -> list[str]:
        if value:
            _ed25519(value)
        return value

    @field_validator("api_keys")
    @classmethod
    def _are_long(cls, value: list[SecretStr]) -> list[SecretStr]:
        if not all(re.fullmatch(r"[!-~]{16,}", key.get_secret_value()) for key in value):
            raise ValueError("an API key has at least 16 characters, all of them ASCII and none of them white space")
        return value

    @field_validator("basic_users")
    @classmethod
    def _have_passwords(cls, value: list[SecretStr]) -> list[SecretStr]:
        if not all(
            re.fullmatch(r"[^:\x00-\x1f\x7f]+:[^\x00-\x1f\x7f]{16,}", user.get_secret_value()) for user in value
        ):
            raise ValueError("a user is written user:password, and the password has at least 16 characters")
        return value

    @model_validator(mode="after")
    def _has_one_authentication(self) -> Self:
        ways = (
            self.webhook_secrets or self.webhook_public_keys,
            self.api_keys,
            self.basic_users,
            self.signature.given,
            self.insecure,
        )
        given = sum(map(bool, ways))
        if self.enabled and given == 0:
            raise ValueError(
                "set webhook_secrets, webhook_public_keys, api_keys, basic_users or signature (or enabled = false; "
                "insecure = true lets anybody post)"
            )
        if given > 1:
            raise ValueError("set one of webhook keys, api_keys, basic_users, signature and insecure, not two")
        return self

    def scheme(self) -> Scheme:
        """How the feed authenticates its sender."""
        if self.insecure:
            return Insecure()
        if self.signature.given:
            return self.signature.scheme(self.timestamp_tolerance)
        if self.basic_users:
            return Basic(users=tuple(user.get_secret_value().encode() for user in self.basic_users))
        if self.api_keys:
            keys = tuple(key.get_secret_value().encode() for key in self.api_keys)
            return ApiKeys(keys=keys, header=self.api_key_header)
        return StandardWebhooks(
            keys=tuple(secret_bytes(secret.get_secret_value()) for secret in self.webhook_secrets),
            public_keys=_ed25519(self.webhook_public_keys) if self.webhook_public_keys else None,
            tolerance=self.timestamp_tolerance,
        )

    def addresses(self) -> Addresses:
        """From where the feed may be posted to."""
        return Addresses(networks=tuple(map(network, self.allowed_addresses)))


def _rsa(public_keys: list[str]) -> Algorithm:
    from app.authentication.public_key import Rsa, rsa_public_key  # noqa: PLC0415 - it is slow to import

    return Rsa(public_keys=tuple(map(rsa_public_key, public_keys)))


def _ed25519(public_keys: list[str]) -> Algorithm:
    from app.authentication.public_key import Ed25519, ed25519_public_key  # noqa: PLC0415 - it is slow to import

    return Ed25519(public_keys=tuple(map(ed25519_public_key, public_keys)))


def _content(template: str) -> Content:
    """Without the secret at the end of what a plain hash is over."""
    return content(template.removesuffix(SECRET_FIELD))


def _bytes(secret: str, encoding: str) -> bytes:
    try:
        match encoding:
            case "hex":
                return binascii.unhexlify(secret)
            case "base64":
                return binascii.a2b_base64(secret, strict_mode=True)
            case _:
                return secret.encode()
    except ValueError:
        raise ValueError(f"a secret is not {encoding}, as secret_encoding says") from None
