"""From where a feed may be posted to."""

import re

import pytest

from app.domain.addresses import Addresses, network

ADDRESSES = Addresses(networks=(network("203.0.113.0/24"), network("198.51.100.7"), network("2001:db8::/32")))


@pytest.mark.parametrize(
    "host", ["203.0.113.0", "203.0.113.255", "198.51.100.7", "2001:db8::1", "2001:db8:ffff::", "::ffff:203.0.113.9"]
)
def test_an_address_in_one_of_the_ranges_may_post(host: str) -> None:
    assert ADDRESSES.hold(host)


@pytest.mark.parametrize(
    "host",
    [
        *("203.0.112.255", "203.0.114.0", "198.51.100.8", "2001:db9::1", "::1", "::ffff:203.0.114.1", "127.0.0.1"),
        *("", "localhost", "203.0.113.1, 10.0.0.1", "203.0.113.1:80", "203.0.113", " 203.0.113.1", "é", None),
    ],
)
def test_no_other_may_nor_what_is_no_address(host: str | None) -> None:
    assert not ADDRESSES.hold(host)


@pytest.mark.parametrize("host", ["203.0.113.0", "::1", "", None])
def test_without_ranges_everybody_may(host: str | None) -> None:
    assert Addresses().hold(host)


@pytest.mark.parametrize("text", ["", "203.0.113.1/24", "203.0.113.0/33", "203.0.113", "2001:db8::1/32", "example.com"])
def test_a_mistaken_range_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="an address range is written"):
        network(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::ffff:cb00:7100/128", "203.0.113.0"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
    ],
)
def test_a_range_of_ipv4_written_as_ipv6_would_hold_nobody_and_is_named_with_its_right_form(
    text: str, expected: str
) -> None:
    with pytest.raises(ValueError, match=f"^write {re.escape(expected)} instead of ::ffff:"):
        network(text)


def test_ranges_of_ipv6_beside_those_of_ipv4_are_taken() -> None:
    assert [network(text).prefixlen for text in ("::/0", "::fffe:0:0/96", "64:ff9b::/96")] == [0, 96, 96]
