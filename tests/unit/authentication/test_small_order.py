"""Public keys that anybody can sign for: derived here from the curve itself, apart from the code that is tested."""

import base64
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.authentication.public_key import Ed25519, ed25519_public_key

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493  # the order of the points that keys are
D = -121665 * pow(121666, -1, P) % P
NEUTRAL = (0, 1)
Point = tuple[int, int]


def _sum(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P


def _times(number: int, point: Point) -> Point:
    total = NEUTRAL
    for bit in f"{number:b}":
        total = _sum(total, total)
        total = _sum(total, point) if bit == "1" else total
    return total


def _points() -> Iterator[Point]:
    """Points of the curve, one after the other."""
    for y in range(2, P):
        square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        for root in (pow(square, (P + 3) // 8, P), pow(square, (P + 3) // 8, P) * pow(2, (P - 1) // 4, P) % P):
            if root * root % P == square:
                yield root, y


def _of_small_order() -> list[bytes]:
    """Every way to write one of them: y or, where it fits, y and the field's order, with either sign of x."""
    eighth = next(point for point in (_times(L, point) for point in _points()) if _times(4, point) != NEUTRAL)
    ys = {_times(number, eighth)[1] for number in range(8)}
    written = sorted(y + more for y in ys for more in (0, P) if y + more < 2**255)
    return [(y | sign << 255).to_bytes(32, "little") for y in written for sign in (0, 1)]


KEYS = _of_small_order()


def _pem(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_they_are_written_in_fourteen_ways() -> None:
    assert 14 == len(set(KEYS))


@pytest.mark.parametrize("key", KEYS, ids=bytes.hex)
def test_each_is_refused_in_every_form(key: bytes) -> None:
    text = base64.b64encode(key).decode()
    for form in (f"whpk_{text}", text, _pem(Ed25519PublicKey.from_public_bytes(key))):
        with pytest.raises(ValueError, match="anybody can sign for this Ed25519 key: it is no sender's"):
            ed25519_public_key(form)


def test_without_that_anybody_could_sign() -> None:
    neutral = (1).to_bytes(32, "little")
    algorithm = Ed25519(public_keys=(Ed25519PublicKey.from_public_bytes(neutral),))

    assert algorithm.verifies(b"whatever", neutral + bytes(32))


def test_a_senders_key_is_taken() -> None:
    for _ in range(20):
        key = Ed25519PrivateKey.generate().public_key()

        assert (
            ed25519_public_key(base64.b64encode(key.public_bytes_raw()).decode())
            == key
            == ed25519_public_key(_pem(key))
        )
