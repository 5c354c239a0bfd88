"""How a feed tells its sender from everybody else: the authentication's part of a feed's settings."""

import re
from datetime import timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator, model_validator

from app.authentication.api_keys import ApiKeys
from app.authentication.basic import Basic
from app.authentication.insecure import Insecure
from app.authentication.standard_webhooks import StandardWebhooks, secret_bytes
from app.domain.addresses import Addresses, network
from app.domain.authentication import Scheme
from app.settings.keys import PublicKeys, ed25519
from app.settings.signature import SignatureSettings
from app.settings.values import Duration, HeaderName, Secrets, SomeNetworks


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
    allowed_addresses: SomeNetworks = None

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
            ed25519(value)
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
            re.fullmatch(r"[^:\x00-\x1f\x7f]+:(?! +$)[^\x00-\x1f\x7f]{16,}", user.get_secret_value()) for user in value
        ):
            raise ValueError(
                "a user is written user:password, and the password has at least 16 characters, not all blank"
            )
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
            public_keys=ed25519(self.webhook_public_keys) if self.webhook_public_keys else None,
            tolerance=self.timestamp_tolerance,
        )

    def addresses(self) -> Addresses:
        """From where the feed may be posted to."""
        return Addresses(networks=tuple(map(network, self.allowed_addresses or ())))
