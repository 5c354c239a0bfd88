"""Where the service listens: on an address of its own, which the workers of one service share."""

import socket

BACKLOG = 2048


class PortTakenError(Exception):
    """The address to listen on was not to be had."""


def listening(host: str, port: int) -> list[socket.socket]:
    """A listener for each address of the host. They listen at once, since only that keeps others from the port;
    whoever connects before the application has started waits. Raises PortTakenError.
    """
    listeners = list[socket.socket]()
    try:
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            listeners.append(socket.create_server(address[:2], family=family, backlog=BACKLOG))
    except (OSError, UnicodeError) as error:
        for listener in listeners:
            listener.close()
        reason = getattr(error, "strerror", None) or error
        raise PortTakenError(f"cannot listen on {host}:{port}: {reason}") from None
    return listeners


def told(listeners: list[socket.socket]) -> list[str]:
    """The addresses that they have, as a person writes them: whatever was asked for, a free port too."""
    addresses = [listener.getsockname()[:2] for listener in listeners]
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in addresses]


class SharedAddresses:
    """Addresses at which each worker has listeners of its own, among which the kernel divides who connects.

    Not one listener for all: then whoever wakes up first takes those that wait, up to all of 64 that came at once, and
    kept connections stay where they are. A listener goes when its worker does, so nobody waits for one that is dead;
    and each worker answers whom it was given before it closes its own, as a single process does.
    """

    def __init__(self, listeners: list[socket.socket]) -> None:
        """With listeners that have the addresses to themselves: nobody who does not share can join them later."""
        for listener in listeners:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._listeners = listeners
        self._addresses = [(listener.family, listener.getsockname()) for listener in listeners]

    def for_one_worker(self) -> list[socket.socket]:
        """Those that listen already, once; then others, which listen when their worker does. Raises OSError."""
        listeners, self._listeners = self._listeners, []
        return listeners or [_beside(family, address) for family, address in self._addresses]


def _beside(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    beside = socket.socket(family, socket.SOCK_STREAM)
    try:
        beside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        beside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            beside.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # as create_server does
        beside.bind(address)
    except OSError:
        beside.close()
        raise
    return beside
