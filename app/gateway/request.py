"""A request as the bytes that go out: its head is made once for each path, and nothing can be smuggled into it."""

from functools import lru_cache

import httpx

PATHS = 16  # whose heads are kept; the service has two


class Requests:
    """Writes the requests to one base URL."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._opening = lru_cache(PATHS)(self._write_opening)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        """A POST of JSON. Raises ValueError where a header would end before it should, or the path is not one."""
        lines = [self._opening(path), str(len(body))]
        for name, value in headers.items():
            refuse_smuggling(name, value)
            lines.append(f"\r\n{name}: {value}")
        lines.append("\r\n\r\n")
        return "".join(lines).encode("ascii") + body

    def _write_opening(self, path: str) -> str:
        """The head as far as all requests to a path have it in common, up to the length of the body."""
        try:
            url = httpx.URL(self._base_url + path)
        except httpx.InvalidURL as error:
            raise ValueError(f"the path {path!r}: {error}") from None
        return (
            f"POST {url.raw_path.decode('ascii')} HTTP/1.1\r\n"
            f"host: {url.netloc.decode('ascii')}\r\n"
            "content-type: application/json\r\n"
            "accept-encoding: identity\r\n"
            "content-length: "
        )


def refuse_smuggling(name: str, value: str) -> None:
    """Raise ValueError unless a header is one line, in characters that mean the same to everybody."""
    if not (name.isascii() and name.replace("-", "").isalnum() and value.isascii() and value.isprintable()):
        raise ValueError(f"the header {name!r} is not one that a request can carry")
