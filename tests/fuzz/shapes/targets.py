"""Paths in every spelling, and methods that no one serves."""

from collections.abc import Iterator
from random import Random

from tests.fuzz.story import HUNG_UP, RECORDED, Bets, Story
from tests.fuzz.writing import encoded, request

NOWHERE = frozenset({HUNG_UP, 202, 400, 404})
NOT_SERVED = frozenset({HUNG_UP, 400, 404, 405})

_SAME = (
    b"/events/bet?",
    b"/events/bet?x=%ff&y",
    b"/events/%62et",
    b"http://service/events/bet",
    b"http://x:1/events/bet?q",
)
_OTHER = (
    *(b"//events/bet", b"/events//bet", b"/events/bet/", b"/events/./bet", b"/x/../events/bet", b"/events%2Fbet", b"/"),
    *(
        b"/events/bet%00",
        b"/events/bet%0a",
        b"/events/bet%",
        b"/events/bet%zz",
        b"/events/%ff%fe",
        b"/events/\xff",
        b"/events/b\0t",
    ),
    *(
        b"/EVENTS/BET",
        b"/events/bet;a=b",
        b"/events/bet#x",
        b"/events/" + b"x" * 50_000,
        b"/%2e%2e/%2e%2e/etc/passwd",
        b"*",
    ),
    *(
        b"service:80",
        b"events/bet",
        b"?",
        b"http://",
        b"http:///events/bet",
        b"ftp://x/events/bet",
        b"http://[::1/events/bet",
        b"\xe2\x98\x83",
    ),
    *(
        b"http://a@b@c/events/bet",
        b"http://x:99999999/events/bet",
        b"/events/{feed}",
        b"/events/win",
        b"/events",
        b"/docs/../events/bet",
    ),
)
_READ = (
    *(
        b"/docs/assets/../../../../etc/passwd",
        b"/docs/assets/%2e%2e/%2e%2e/x",
        b"/docs/assets/%00",
        b"/docs/assets/" + b"x" * 5_000,
    ),
    *(
        b"/docs/assets",
        b"/docs/assets/",
        b"/docs/assets//etc/passwd",
        b"/docs/assets/swagger-ui.css/x",
        b"/docs/assets/%ff",
        b"/docs/assets/.",
    ),
    *(
        b"/health",
        b"/health/ready/",
        b"/health/live%00",
        b"/metrics?name[]=%00",
        b"/openapi.json?%ff",
        b"/docs?url=//evil",
        b"/" + b"../" * 500,
    ),
)
_METHODS = (
    b"GET",
    b"HEAD",
    b"PUT",
    b"PATCH",
    b"DELETE",
    b"OPTIONS",
    b"TRACE",
    b"CONNECT",
    b"PROPFIND",
    b"M-SEARCH",
    b"PURGE",
    b"QUERY",
)
_NO_METHODS = (b"post", b"POSTX", b"P\0ST", b"", b"\xff", b"POST\t", b"P" * 100_000)


def targets(_random: Random, bets: Bets) -> Iterator[Story]:
    """What leads to a feed does so in any spelling; nothing else does, and nothing else is read."""
    for target in _SAME:
        fields = bets.next()
        sent = request(encoded(fields), start=b"POST %b HTTP/1.1" % target)
        yield Story(name=f"target {target!r}", pieces=(sent,), statuses=RECORDED, accepted=(fields["event_id"],))
    for target in _OTHER:
        sent = request(encoded(bets.next()), start=b"POST %b HTTP/1.1" % target)
        yield Story(name=f"target {target[:40]!r}", pieces=(sent,), statuses=NOWHERE, whole=False)
    for target in _READ:
        sent = b"GET %b HTTP/1.1\r\nhost: service\r\n\r\n" % target
        yield Story(name=f"reading {target[:40]!r}", pieces=(sent,), statuses=frozenset({200, 400, 404}), whole=False)


def methods(_random: Random, bets: Bets) -> Iterator[Story]:
    """Only POST leaves anything behind."""
    for method in (*_METHODS, *_NO_METHODS):
        for target in (b"/events/bet", b"/health/live", b"*"):
            fields = bets.next()
            served = frozenset({200}) if (method, target) == (b"GET", b"/health/live") else frozenset[int]()
            yield Story(
                name=f"method {method[:20]!r} of {target!r}",
                pieces=(request(encoded(fields), start=b"%b %b HTTP/1.1" % (method, target)),),
                statuses=NOT_SERVED | served,
                whole=False,
                head=method == b"HEAD",
                never=(fields["event_id"],),
            )
