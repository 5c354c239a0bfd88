"""The parser of requests, which stays with HTTP/1.1 whatever it is offered.

An upgrade may be ignored (RFC 9110, 7.8), and Java's client offers one with whatever it posts in the clear. httptools
cannot: it ends a request at the headers that offer one, and takes the body for the next request.
"""

from collections.abc import Callable
from typing import Any

from httptools import HttpParserUpgrade, HttpRequestParser


class SteadyParser(HttpRequestParser):
    """`declined` gives the request line and headers that were last read once more, without the offer."""

    def __init__(self, protocol: Any, declined: Callable[[], bytes]) -> None:
        super().__init__(protocol)
        self._declined = declined
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # uvicorn gives nothing else
        while data:
            try:
                super().feed_data(data)
            except HttpParserUpgrade as offer:
                data = self._declined() + data[offer.args[0] :]
            else:
                return
