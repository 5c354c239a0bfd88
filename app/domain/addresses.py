"""The addresses from which a feed may be posted to, besides its scheme."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")  # IPv4, written as IPv6 (RFC 4291)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Networks, of which one must hold the sender's address. None at all let everybody in."""

    networks: tuple[Network, ...] = ()

    def hold(self, host: str | None) -> bool:
        """Whether a connection from this address may post. `host` is None for what has no address."""
        if not self.networks:
            return True
        address = _address(host)
        return address is not None and any(address in network for network in self.networks)


def network(text: str) -> Network:
    """A network as CIDR, or a single address. Raises ValueError."""
    try:
        found = ip_network(text)
    except ValueError:
        raise ValueError(
            "an address range is written 203.0.113.0/24 or 2001:db8::/32, without bits set behind it"
        ) from None
    if isinstance(found, IPv6Network) and found.subnet_of(_MAPPED):
        raise ValueError(f"write {_unmapped(found)} instead of {text}: who comes over IPv4 has an IPv4 address here")
    return found


def _unmapped(mapped: IPv6Network) -> str:
    shorter = IPv4Network((int(mapped.network_address) & 0xFFFFFFFF, mapped.prefixlen - _MAPPED.prefixlen))
    return str(shorter.network_address) if shorter.num_addresses == 1 else str(shorter)


def _address(host: str | None) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host or "")
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:  # an IPv4 sender at a socket for both
        return address.ipv4_mapped
    return address
