"""The sandbox Gateway, listening or not; its account outlives everything."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from random import Random
from typing import Any

from app.cli.service_process import free_port
from app.sandbox.account import Account, Call
from app.sandbox.gateway import Faults, SandboxGateway

USUAL = Faults(latency=0.05)  # so that something is under way whenever something breaks
# Answers, as the account names them, after which nobody but the Gateway knows.
AMBIGUOUS = frozenset({"307", "500", "hang", "close", "reset", "cut_head", "slow_head", "garbage"})


class ChaosGateway:
    """A Gateway at a fixed port."""

    def __init__(self, *, username: str, password: str, random: Random) -> None:
        self._simulator = SandboxGateway(username=username, password=password, random=random)
        self._port = free_port()
        self._listening = AsyncExitStack()
        self._is_listening = False
        self.restore(deduplicates=False)

    @property
    def url(self) -> str:
        """Where it listens, when it does."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def account(self) -> Account:
        """Its own account."""
        return self._simulator.account

    async def listen(self) -> None:
        """Listen, if it does not."""
        if not self._is_listening:
            await self._listening.enter_async_context(self._simulator.serving(port=self._port))
            self._is_listening = True

    async def go_down(self) -> None:
        """Stop listening, and cut off every connection."""
        self._is_listening = False
        await self._listening.aclose()

    def misbehave(self, **changes: Any) -> None:
        """Switch faults on, on top of those that are."""
        self._simulator.faults = self._simulator.faults.changed(changes)

    def restore(self, *, deduplicates: bool) -> None:
        """No fault on; it ignores a repeated key, or does not."""
        self._simulator.faults = replace(USUAL, deduplicates=deduplicates)

    def revoke_tokens(self) -> None:
        """Make every token invalid."""
        self._simulator.revoke_tokens()

    def tell(self, contributed: Callable[[dict[str, Any]], None]) -> None:
        """Have each contribution reported, as the vendor's wallet would be."""
        self._simulator.contributed = contributed

    def calls_since(self, first: int) -> list[Call]:
        """The account, from some call on."""
        return self.account.calls[first:]
