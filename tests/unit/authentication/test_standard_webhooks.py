"""Who is let in by Standard Webhooks, and in which words the others are refused."""

import base64
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.authentication.standard_webhooks import MAX_SIGNATURES, StandardWebhooks, sign

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
KEY, OLD_KEY, FOREIGN_KEY = b"k" * 32, b"o" * 32, b"f" * 32
BODY = b'{"event_id": "bet-1"}'
WEBHOOKS = StandardWebhooks(keys=(KEY, OLD_KEY), tolerance=timedelta(minutes=5))

HEADERS_NEEDED = "the headers webhook-id, webhook-timestamp and webhook-signature are needed"
NOT_SECONDS = "webhook-timestamp is not a number of seconds since the epoch"
TOO_FAR = "webhook-timestamp is too far from the present: check the sender's clock"
NO_SIGNATURE = "no signature in webhook-signature is that of {id}.{timestamp}.{body} by a key of this feed"


def _signed(*keys: bytes, timestamp: int = SECONDS) -> dict[str, str]:
    signatures = (sign(key, message_id="msg_1", timestamp=timestamp, body=BODY) for key in keys or [KEY])
    return {"webhook-id": "msg_1", "webhook-timestamp": str(timestamp), "webhook-signature": " ".join(signatures)}


def _refusal(
    headers: dict[str, str], *, scheme: StandardWebhooks = WEBHOOKS, body: bytes = BODY, now: datetime = NOW
) -> str | None:
    return scheme.refusal(headers, body, now=now.timestamp())


@pytest.mark.parametrize("keys", [(KEY,), (OLD_KEY,), (FOREIGN_KEY, KEY), (KEY, FOREIGN_KEY)])
def test_a_request_signed_with_a_live_key_is_authentic(keys: tuple[bytes, ...]) -> None:
    assert _refusal(_signed(*keys)) is None


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_of_the_three_headers_is_needed(header: str) -> None:
    headers = _signed()
    del headers[header]

    assert _refusal(headers) == HEADERS_NEEDED
    assert _refusal(headers | {header: ""}) == HEADERS_NEEDED


@pytest.mark.parametrize(
    "timestamp",
    [
        *("soon", "-1", "+1", "1.5", "1e9", "0x5f", " 1", "1_000", "\u00b2", "\u0661\u0667", "\uff11\uff17", str(NOW)),
        *("99999999999", pytest.param("9" * 10_000, id="10000 digits")),
    ],
)
def test_a_timestamp_that_is_not_plain_seconds_is_refused(timestamp: str) -> None:
    assert _refusal(_signed() | {"webhook-timestamp": timestamp}) == NOT_SECONDS


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-301, TOO_FAR), (-300, None), (0, None), (300, None), (301, TOO_FAR)]
)
def test_a_timestamp_may_be_off_by_the_tolerance_either_way(seconds: int, expected: str | None) -> None:
    assert expected == _refusal(_signed(timestamp=SECONDS + seconds))


@pytest.mark.parametrize(("seconds", "expected"), [(-300, TOO_FAR), (300, None)])
def test_the_tolerance_counts_fractions_of_a_second(seconds: int, expected: str | None) -> None:
    assert expected == _refusal(_signed(timestamp=SECONDS + seconds), now=NOW + timedelta(microseconds=1))


@pytest.mark.parametrize("timestamp", [0, 9_999_999_999])
def test_the_ends_of_time_are_too_far(timestamp: int) -> None:
    assert _refusal(_signed(timestamp=timestamp)) == TOO_FAR


@pytest.mark.parametrize("signatures", ["garbage", "v1", "v1,", "v1,é", "\x00", "v1," + "A" * 44])
def test_a_signature_that_matches_no_key_is_refused(signatures: str) -> None:
    assert _refusal(_signed() | {"webhook-signature": signatures}) == NO_SIGNATURE


@pytest.mark.parametrize(
    "changes", [{"webhook-id": "msg_2"}, {"webhook-timestamp": str(SECONDS + 1)}, {"webhook-id": "é"}]
)
def test_a_signature_of_another_message_is_refused(changes: dict[str, str]) -> None:
    assert _refusal(_signed() | changes) == NO_SIGNATURE


@pytest.mark.parametrize("message_id", ["é∞".encode(), b"\xe9"], ids=["UTF-8", "Latin-1"])
def test_a_message_id_in_any_character_set_is_signed_as_its_bytes(message_id: bytes) -> None:
    signature = hmac.digest(KEY, message_id + f".{SECONDS}.".encode() + BODY, "sha256")
    headers = {
        "webhook-id": message_id.decode("latin-1"),  # as all header fields are read
        "webhook-timestamp": str(SECONDS),
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }

    assert _refusal(headers) is None
    assert headers == WEBHOOKS.credentials(BODY, message_id=headers["webhook-id"], timestamp=SECONDS)


def test_a_signature_of_another_body_is_refused() -> None:
    assert _refusal(_signed(), body=BODY + b" ") == NO_SIGNATURE


def test_a_foreign_key_is_refused() -> None:
    assert _refusal(_signed(FOREIGN_KEY)) == NO_SIGNATURE


def test_without_a_live_key_nothing_is_authentic() -> None:
    assert _refusal(_signed(), scheme=StandardWebhooks(keys=(), tolerance=timedelta(minutes=5))) == NO_SIGNATURE


@pytest.mark.parametrize(("length", "expected"), [(MAX_SIGNATURES, None), (MAX_SIGNATURES + 1, NO_SIGNATURE)])
def test_signatures_are_read_up_to_a_limit(length: int, expected: str | None) -> None:
    headers = _signed()
    headers["webhook-signature"] = headers["webhook-signature"].rjust(length)

    assert expected == _refusal(headers)


@given(st.dictionaries(st.sampled_from(list(_signed())), st.text()), st.binary())
def test_whoever_knows_no_key_is_refused(headers: dict[str, str], body: bytes) -> None:
    assert _refusal(headers, body=body) is not None


def test_a_refused_sender_is_told_the_scheme() -> None:
    assert WEBHOOKS.challenge == "StandardWebhooks"
