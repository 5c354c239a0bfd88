"""A simulated ThrillPots Gateway: authentication, contributions, an account of every call, and faults to switch on."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any
from uuid import uuid4

from app.sandbox.account import Account, Call
from app.sandbox.http_server import Misbehaviour, Request, Response, http_server

DECLINED_SOURCE = "paused-jackpot"  # contributions to this source are refused for good, as to a paused jackpot


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong. Rates are the share of contribution calls from 0 to 1, drawn one after the other; `latency`
    and `retry_after` are in seconds. `taken` says whether a hang, a reset or a server error took the money first.
    """

    latency: float = 0.0
    unauthorized: float = 0.0
    forbidden: float = 0.0
    declined: float = 0.0
    rate_limited: float = 0.0
    unavailable: float = 0.0
    server_error: float = 0.0
    hang: float = 0.0
    reset: float = 0.0
    retry_after: int = 0
    taken: bool = True
    deduplicates: bool = False
    authentication_down: bool = False

    def changed(self, changes: dict[str, Any]) -> "Faults":
        """With some of them changed. Raises ValueError for a name or value that does not exist."""
        types = {each.name: each.type for each in fields(self)}
        for name, value in changes.items():
            if name not in types:
                raise ValueError(f"there is no fault {name}; there are {', '.join(types)}")
            if isinstance(value, bool) is not (types[name] is bool) or not isinstance(value, (bool, int, float)):
                raise ValueError(f"{name}: {value!r} will not do")
        return replace(self, **changes)


_ANSWERS: dict[str, tuple[int, str]] = {
    "unauthorized": (401, "token_invalid"),
    "forbidden": (403, "permission_missing"),
    "declined": (422, "player_not_opted_in"),
    "rate_limited": (429, "slow_down"),
    "unavailable": (503, "unavailable"),
    "server_error": (500, "internal"),
}


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
    async def serving(self, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Serve until the context ends; gives the base URL."""
        async with http_server(self.handle, host=host, port=port) as bound:
            yield f"http://{host}:{bound}"

    def revoke_tokens(self) -> None:
        """Make every token invalid, as the vendor can."""
        self._tokens.clear()

    async def handle(self, request: Request) -> Response | Misbehaviour:
        """Answer a request, or misbehave."""
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
        if _json(request.body) != self._credentials:
            return Response(status=401, content={"error": "credentials_invalid"})
        token = f"sandbox-{uuid4().hex}"
        self._tokens.add(token)
        return Response(status=200, content={"token": token})

    async def _contribute(self, request: Request) -> Response | Misbehaviour:
        if self.faults.latency:
            await asyncio.sleep(self.faults.latency)
        fault = self._draw()
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self._tokens:
            fault = "unauthorized"
        body = _json(request.body)
        if problem := _problem(body):
            return Response(status=400, content={"error": problem})
        if fault is None and body["source_id"] == DECLINED_SOURCE:
            return self._answer(request, body, 422, {"error": "jackpot_paused"})
        match fault:
            case None:
                return self._answer(request, body, 200, {"status": "contributed"}, takes=True)
            case "hang" | "reset":
                self._enter(request, body, fault, takes=self.faults.taken)
                return Misbehaviour(fault)
            case _:
                status, error = _ANSWERS[fault]
                takes = fault == "server_error" and self.faults.taken
                return self._answer(request, body, status, {"error": error}, takes=takes)

    def _draw(self) -> str | None:
        for name in (*_ANSWERS, "hang", "reset"):
            if (rate := getattr(self.faults, name)) and self._random.random() < rate:
                return name
        return None

    def _answer(
        self, request: Request, body: dict[str, Any], status: int, content: dict[str, Any], *, takes: bool = False
    ) -> Response:
        self._enter(request, body, str(status), takes=takes)
        waits = status in {429, 503} and self.faults.retry_after
        return Response(
            status=status,
            content=content,
            headers=(("retry-after", str(self.faults.retry_after)),) if waits else (),
        )

    def _enter(self, request: Request, body: dict[str, Any], answer: str, *, takes: bool) -> None:
        key = request.headers.get("idempotency-key", "")
        if body["source_id"] == DECLINED_SOURCE or (self.faults.deduplicates and key in self._seen):
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
