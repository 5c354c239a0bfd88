"""What is written to the Gateway, byte for byte, and what never is."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gateway.request import Requests

FIXED = {"host", "content-type", "accept-encoding", "content-length"}
HEADERS = {"authorization": "Bearer abc", "idempotency-key": "1"}


def test_a_request_is_one_head_and_its_body() -> None:
    assert (
        b"POST /contribute HTTP/1.1\r\n"
        b"host: gateway.example\r\n"
        b"content-type: application/json\r\n"
        b"accept-encoding: identity\r\n"
        b"content-length: 7\r\n"
        b"authorization: Bearer abc\r\n"
        b"idempotency-key: 1\r\n"
        b"\r\n"
        b'{"a":1}'
    ) == Requests("https://gateway.example").post("/contribute", b'{"a":1}', HEADERS)


def _read(written: bytes) -> tuple[h11.Request, bytes]:
    """The one request that a server reads in these bytes, and its body."""
    server = h11.Connection(h11.SERVER)
    server.receive_data(written)
    request, body = server.next_event(), b""
    assert isinstance(request, h11.Request)
    while isinstance(event := server.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert server.trailing_data == (b"", False)
    return request, body


@pytest.mark.parametrize(
    ("base_url", "host", "target"),
    [
        ("http://gateway.example:8080", "gateway.example:8080", "/x"),
        ("http://gateway.example:80", "gateway.example", "/x"),
        ("https://gateway.example:443/", "gateway.example", "/x"),
        ("https://gateway.example/a/b/", "gateway.example", "/a/b/x"),
        ("http://[::1]:8080/a", "[::1]:8080", "/a/x"),
        ("http://bücher.example", "xn--bcher-kva.example", "/x"),
        ("http://gateway.example/a b", "gateway.example", "/a%20b/x"),
    ],
)
def test_host_and_target_are_those_of_the_url(base_url: str, host: str, target: str) -> None:
    request, _ = _read(Requests(base_url).post("/x", b"", {}))

    assert (host.encode(), target.encode()) == (dict(request.headers)[b"host"], request.target)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization", "Bearer a\r\nx: y"),
        ("authorization", "a\nb"),
        ("authorization", "a\rb"),
        ("authorization", "a\0b"),
        ("authorization", "ü"),
        ("x\r\ny", "z"),
        ("x: y", "z"),
        ("", "z"),
    ],
)
def test_what_would_smuggle_a_header_in_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="header"):
        Requests("http://gateway.example").post("/", b"", {name: value})


@pytest.mark.parametrize("path", ["/\r\nx: y", "/\n", "/\0"])
def test_a_path_that_would_end_the_line_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        Requests("http://gateway.example").post(path, b"", {})


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3), st.binary(max_size=20))
def test_whatever_the_headers_are_a_request_is_refused_or_read_as_it_was_meant(
    headers: dict[str, str], body: bytes
) -> None:
    try:
        written = Requests("http://gateway.example").post("/x", body, headers)
    except ValueError:
        return
    request, read = _read(written)

    assert (b"POST", b"/x", body) == (request.method, request.target, read)
    assert FIXED | {name.lower() for name in headers} == {name.decode() for name, _ in request.headers}
