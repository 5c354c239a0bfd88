"""A simulated ThrillPots Gateway: authentication, contributions, an account of every call, and faults to switch on."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any
from uuid import uuid4

from app.sandbox.account import Account, Call
from app.sandbox.faults import FAULTS, Fault, Faults
from app.sandbox.http_server import Request, Response, http_server
from app.sandbox.misbehaviour import garbage, hang

__all__ = ["DECLINED_SOURCE", "Faults", "SandboxGateway"]

DECLINED_SOURCE = "paused-jackpot"  # contributions to this source are refused for good, as to a paused jackpot
_WAITING = frozenset({408, 425, 429, 503})  # the statuses that carry Retry-After
_NONE = Fault(takes=True)
_DECLINED = Fault(status=422, error="jackpot_paused", takes=False)


class SandboxGateway:
    """The simulator. `contributed` is called with each call that takes money, as the vendor's wallet would be."""

    def __init__(self, *, username: str, password: str, random: Random) -> None:
        self.account = Account()
        self.faults = Faults()
        self.contributed: Callable[[dict[str, Any]], None] = lambda _: None
        self._credentials = {"username": username, "password": password}
        self._tokens = set[str]()
        self._random = random
        self._seen = set[str]()

    @asynccontextmanager
    async def serving(
        self, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator[str]:
        """Serve until the context ends; gives the base URL. May be entered again, on the same port too: tokens and
        account live on, and in between connections are refused.
        """
        async with http_server(self.handle, host=host, port=port, tls=tls) as bound:
            yield f"{'https' if tls else 'http'}://{host}:{bound}"

    def revoke_tokens(self) -> None:
        """Make every token invalid, as the vendor can."""
        self._tokens.clear()

    async def handle(self, request: Request) -> Response:
        """Answer a request, well or not."""
        match request.method, request.path:
            case "POST", "/authenticate/service":
                return self._authenticate(request)
            case "POST", "/jackpots/contribute/source":
                return await self._contribute(request)
            case "GET", "/sandbox/account":
                return Response(status=200, content=self.account.summary())
            case "GET", "/sandbox/account/calls":
                return Response(status=200, content=self.account.details())
            case "GET", "/sandbox/faults":
                return Response(status=200, content=asdict(self.faults))
            case "PATCH", "/sandbox/faults":
                return self._change_faults(request)
            case "POST", "/sandbox/tokens/revoke":
                self.revoke_tokens()
                return Response(status=200, content={"revoked": True})
            case _:
                return Response(status=404, content={"error": "not_found"})

    def _authenticate(self, request: Request) -> Response:
        if self.faults.authentication_down:
            return Response(status=503, content={"error": "unavailable"})
        if self.faults.authentication_hangs:
            return Response(status=200, content={}, misbehaviour=hang)
        if self.faults.authentication_garbled:
            return Response(status=200, content={}, misbehaviour=garbage)
        if self.faults.authentication_refused or _json(request.body) != self._credentials:
            return Response(status=401, content={"error": "credentials_invalid"})
        token = f"sandbox-{uuid4().hex}"
        self._tokens.add(token)
        return Response(status=200, content={"token": token})

    async def _contribute(self, request: Request) -> Response:
        if self.faults.latency:
            await asyncio.sleep(self.faults.latency)
        name, fault = self.faults.draw(self._random) or ("", _NONE)
        if not fault.read:
            return Response(status=200, content={}, misbehaviour=fault.misbehaviour)
        body = _json(request.body)
        if problem := _problem(body):
            return Response(status=400, content={"error": problem})
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            fault = FAULTS["unauthorized"]
        elif body["source_id"] == DECLINED_SOURCE:
            fault = _DECLINED if fault.takes else replace(fault, takes=False)
        answer = name if fault.misbehaviour else str(fault.status)
        self._enter(request, body, answer, takes=self.faults.taken if fault.takes is None else fault.takes)
        return self._answer(fault)

    def _answer(self, fault: Fault) -> Response:
        after = self.faults.retry_after if fault.status in _WAITING else 0
        return Response(
            status=fault.status,
            content={"error": fault.error} if fault.error else {"status": "contributed"},
            headers=(*fault.headers, ("retry-after", str(after))) if after else fault.headers,
            misbehaviour=fault.misbehaviour,
        )

    def _enter(self, request: Request, body: dict[str, Any], answer: str, *, takes: bool) -> None:
        key = request.headers.get("idempotency-key", "")
        if takes and self.faults.deduplicates and key in self._seen:
            takes = False
        origin = body["metadata"] or {}
        call = Call(
            idempotency_key=key,
            feed=str(origin.get("feed")),
            brand_id=str(origin.get("brand_id")),
            event_id=str(origin.get("event_id")),
            source_id=body["source_id"],
            base_wager=str(body["base_wager"]),
            answer=answer,
            contributed=takes,
        )
        self.account.calls.append(call)
        if takes:
            self._seen.add(key)
            self.contributed(body | {"idempotency_key": key})

    def _change_faults(self, request: Request) -> Response:
        try:
            self.faults = self.faults.changed(json.loads(request.body))
        except (ValueError, AttributeError) as error:
            return Response(status=422, content={"error": str(error)})
        return Response(status=200, content=asdict(self.faults))


def _json(body: bytes) -> Any:
    """The body, with every number as it was written; None where it is not a JSON object."""
    try:
        content = json.loads(body, parse_float=_Number, parse_int=_Number)
    except (ValueError, InvalidOperation):
        return None
    return content if isinstance(content, dict) else None


class _Number(str):
    """A number, digit for digit."""

    __slots__ = ()


def _problem(body: Any) -> str | None:
    """What the Gateway would find wrong with a contribution."""
    if body is None:
        return "not_json"
    needed = {"token", "brand_id", "player_id", "source_id", "gameround_id", "currency", "base_wager", "metadata"}
    if missing := needed - body.keys():
        return f"missing_{min(missing)}"
    if not isinstance(body["base_wager"], _Number) or Decimal(body["base_wager"]) < 0:
        return "base_wager_invalid"
    return None
