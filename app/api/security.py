"""How each feed authenticates, as OpenAPI says it."""

from typing import Any

from app.authentication.api_keys import ApiKeys
from app.authentication.basic import Basic
from app.authentication.signature import Signature
from app.authentication.standard_webhooks import StandardWebhooks
from app.domain.feed import Feed

Definitions = dict[str, dict[str, Any]]


def security(feed: Feed) -> list[dict[str, list[str]]]:
    """What a request to the feed needs: all of it at once; nothing where anybody may post."""
    needed: dict[str, list[str]] = {name: [] for name in _definitions(feed)}
    return [needed] if needed else []


def security_schemes(feeds: tuple[Feed, ...]) -> Definitions:
    """What `security` names, of all feeds. What is one feed's has its name and a dot, what feeds share has no dot: they
    are told apart whatever feeds are called.
    """
    return {name: definition for feed in feeds for name, definition in _definitions(feed).items()}


def _definitions(feed: Feed) -> Definitions:
    match feed.scheme:
        case StandardWebhooks() as scheme:
            return _standard_webhooks(feed.name, scheme)
        case ApiKeys(bearer=True):
            return {"apiKey": {"type": "http", "scheme": "bearer", "description": "One of the feed's API keys."}}
        case ApiKeys(header=header):
            return {f"{feed.name}.apiKey": _header(header, "One of the feed's API keys.")}
        case Basic():
            return {"basic": {"type": "http", "scheme": "basic", "description": "A user of the feed and its password."}}
        case Signature() as scheme:
            return _signature(feed.name, scheme)
        case _:
            return {}


def _standard_webhooks(name: str, scheme: StandardWebhooks) -> Definitions:
    forms = {
        "`v1,` and the base64 of HMAC-SHA256": scheme.keys,
        "`v1a,` and the base64 of Ed25519": scheme.public_keys,
    }
    signed = ", or ".join(form for form, keys in forms.items() if keys)
    return {
        "webhookId": _header("webhook-id", "Standard Webhooks: message id."),
        "webhookTimestamp": _header("webhook-timestamp", "Standard Webhooks: seconds since the epoch."),
        f"{name}.signature": _header(
            "webhook-signature", f"Standard Webhooks: {signed}, over `{{id}}.{{timestamp}}.{{body}}`."
        ),
    }


def _signature(name: str, scheme: Signature) -> Definitions:
    definitions = {f"{name}.signature": _header(scheme.header, _described(scheme))}
    if scheme.timestamp and scheme.timestamp.header:
        definitions[f"{name}.timestamp"] = _header(
            scheme.timestamp.header, f"When the request was signed: {scheme.timestamp.meaning}."
        )
    if scheme.id_header:
        definitions[f"{name}.messageId"] = _header(scheme.id_header, "The message's id.")
    return definitions


def _described(scheme: Signature) -> str:
    signature = f"{scheme.prefix}<signature>"
    if scheme.parameter:
        signature = f"{scheme.parameter}={signature}"
    if scheme.timestamp and scheme.timestamp.parameter:
        signature = f"{scheme.timestamp.parameter}=<timestamp>,{signature}"
    return f"`{signature}`: {scheme.algorithm.name} over `{scheme.content.template}`, in {scheme.encoding}."


def _header(name: str, description: str) -> dict[str, Any]:
    return {"type": "apiKey", "in": "header", "name": name, "description": description}
