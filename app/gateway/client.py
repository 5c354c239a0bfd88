"""Makes contributions at the Gateway, with whatever token is valid."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from app.domain.outcome import Answered, Reply, Withheld
from app.gateway.call import Caller
from app.gateway.service_token import ServiceToken

PATIENCE = 10.0  # seconds that a refused call waits for a new token, before it goes back to the ledger


NO_TOKEN = Withheld(cause="no service token")
TOO_LATE = Withheld(cause="the lease was over before it was sent")


def _always() -> bool:
    return True


class Gateway:
    """The Gateway as the dispatcher sees it."""

    def __init__(self, caller: Caller, token: ServiceToken, *, contribute_path: str) -> None:
        self._caller = caller
        self._token = token
        self._path = contribute_path

    @property
    def authenticated(self) -> bool:
        """Whether there is a token to work with."""
        return self._token.current is not None

    @property
    def answers(self) -> bool:
        """Whether it has given us a token since we last asked for one."""
        return not self._token.wanted

    def ask(self) -> None:
        """See whether it answers, with the one request that moves no money: for another token, until there is one."""
        self._token.renew()

    async def contribute(self, contribution_id: UUID, body: str, *, may_send: Callable[[], bool] = _always) -> Reply:
        """Make one contribution, if at the moment of sending it still may be. A refused token is replaced and the call
        repeated once: a 401 says that nothing was contributed. Where the fresh token is refused as well, it is the call
        that the Gateway won't have, and the token stays. Raises nothing but CancelledError.
        """
        if (token := self._token.current) is None:
            return NO_TOKEN
        if not may_send():
            return TOO_LATE
        reply = await self._call(token, contribution_id, body)
        if not _refused(reply):
            return reply
        self._token.reject(token)
        try:
            async with asyncio.timeout(PATIENCE):
                token = await self._token.renewed()
        except TimeoutError:
            return NO_TOKEN
        if token is None:
            return NO_TOKEN
        return await self._call(token, contribution_id, body) if may_send() else TOO_LATE

    async def _call(self, token: str, contribution_id: UUID, body: str) -> Reply:
        headers = {"authorization": f"Bearer {token}", "idempotency-key": str(contribution_id)}
        reply = await self._caller.post(self._path, body.encode(), headers)
        if isinstance(reply, Answered) and not _refused(reply):
            self._token.confirm()
        return reply


def _refused(reply: Reply) -> bool:
    match reply:
        case Answered(status=401):
            return True
        case _:
            return False
