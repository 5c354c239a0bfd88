"""A feed's door: whoever is authentic comes in, as often as the feed's rate allows."""

import time
from collections.abc import Callable, Mapping

from starlette.types import Scope

from app.api import problems
from app.api.problems import Refusal
from app.domain.feed import Feed
from app.domain.rate import Rate, full, take, until

Clock = Callable[[], int]  # nanoseconds, of a clock that is never set
ELSEWHERE = (  # and not from where: who that is, a stranger behind a proxy need not be told
    "the connection comes from an address that is none of the feed's allowed_addresses: send from one of them, or have "
    "this one added; behind a proxy it is the proxy's, unless that is one of server.trusted_proxies"
)
Fields = tuple[tuple[bytes, bytes], ...]


class Door:
    """One of a feed, in this process. Where the feed has a rate, requests that are not authentic have another of the
    same size to themselves: they can't use up the sender's, nor come without end.
    """

    def __init__(self, feed: Feed, clock: Clock) -> None:
        rate = feed.limits.rate
        self._scheme = feed.scheme
        self._addresses = feed.addresses
        self._quota = Quota(feed.name, rate, clock) if rate else None
        self._strangers = Quota(feed.name, rate, clock) if rate else None

    def check_address(self, scope: Scope) -> None:
        """By the address at the other end of the connection: what a header says of it is anybody's word. Raises
        Refusal.
        """
        client = scope.get("client")
        if self._addresses.networks and not self._addresses.hold(client[0] if client else None):
            raise Refusal(problems.FORBIDDEN_ADDRESS, ELSEWHERE)

    def knows(self, headers: Mapping[str, str]) -> bool:
        """Whether a request is authentic whatever its body is, so that a stranger's is never read. False where that is
        not known before. Raises Refusal.
        """
        if self._scheme.signs:
            return False
        self._check(headers, b"")
        return True

    def admit(self, headers: Mapping[str, str], body: bytes) -> Fields:
        """Let a request in; what is returned belongs into its answer. Raises Refusal."""
        self._check(headers, body)
        return self.count()

    def count(self) -> Fields:
        """Let in a request that is known to be authentic. Raises Refusal."""
        if self._quota is None:
            return ()
        if not self._quota.take():
            raise Refusal(problems.TOO_MANY, self._quota.words, headers=self._quota.refusing())
        return self._quota.fields()

    def take(self, more: int) -> Fields:
        """Count events beside the first of an admitted request, all or none. Raises Refusal."""
        if self._quota is None:
            return ()
        if more and not self._quota.take(more):
            raise Refusal(problems.TOO_MANY, self._quota.words, headers=self._quota.refusing(more + 1))
        return self._quota.fields()

    def _check(self, headers: Mapping[str, str], body: bytes) -> None:
        if reason := self._scheme.refusal(headers, body, now=time.time()):
            raise self._stranger(reason)

    def _stranger(self, reason: str) -> Refusal:
        if self._strangers is None or self._strangers.take():
            return Refusal(problems.UNAUTHENTICATED, reason, headers={"WWW-Authenticate": self._scheme.challenge})
        wait = {"Retry-After": self._strangers.wait, "Connection": "close"}  # the next one costs a connection
        return Refusal(problems.TOO_MANY, "too many requests to this feed are not authentic", headers=wait)


class Quota:
    """What is left of a rate, and how an answer tells it: the fields of draft-ietf-httpapi-ratelimit-headers-10."""

    def __init__(self, name: str, rate: Rate, clock: Clock) -> None:
        self._name = name
        self._rate = rate
        self._clock = clock
        self._bucket = full(rate, now=clock())
        self._policy = f'"{name}";q={rate.burst};w={rate.window}'
        self.words = f"more than {rate.per_second} requests a second, or {rate.burst} at once"

    def take(self, tokens: int = 1) -> bool:
        """Whether there are so many left to take."""
        self._bucket, taken = take(self._bucket, self._rate, now=self._clock(), tokens=tokens)
        return taken

    @property
    def wait(self) -> str:
        """Seconds until there is one more."""
        return str(until(self._bucket, self._rate, tokens=self._bucket.left + 1))

    def fields(self) -> Fields:
        """What an answer says of it."""
        return ((b"ratelimit-policy", self._policy.encode()), (b"ratelimit", self._state().encode()))

    def refusing(self, tokens: int = 1) -> dict[str, str]:
        """What a refusal says of it: when there will be so many."""
        wait = self.wait if tokens == 1 else str(until(self._bucket, self._rate, tokens=tokens))
        return {"Retry-After": wait, "RateLimit-Policy": self._policy, "RateLimit": self._state()}

    def _state(self) -> str:
        return f'"{self._name}";r={self._bucket.left};t={self.wait}'
