"""What the service keeps of a connection: nothing once it is gone, however it went, and no body while it idles."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from app.cli.connection import BoundedHttp
from tests import examples
from tests.acceptance import wire
from tests.acceptance.serving import served
from tests.examples import Running

BATCH = b"POST /events/bet/batch HTTP/1.1\r\nhost: service\r\ncontent-length: 1000000\r\n\r\n" + b" " * 1_000_000
NOWHERE = b"POST /nowhere HTTP/1.1\r\nhost: service\r\ncontent-length: 60000\r\n\r\n" + b" " * 60_000


@pytest.fixture
def _by_counting_alone() -> Iterator[None]:
    """The collector of cycles is not waited for: a busy service runs it seldom."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _connections() -> list[BoundedHttp]:
    return [each for each in gc.get_objects() if isinstance(each, BoundedHttp)]


@pytest.mark.usefixtures("_by_counting_alone")
@pytest.mark.parametrize(
    "sent",
    [wire.GET_LIVE, BATCH, BATCH[:-1], wire.post(examples.bet()) * 5, wire.GET_LIVE + b"\0"],
    ids=["answered", "refused", "broken off", "some of them answered", "malformed"],
)
async def test_nothing_is_kept_of_a_connection_that_was_reset(database_url: str, gateway: Running, sent: bytes) -> None:
    async with served(examples.settings(database_url=database_url, gateway_url=gateway.url)) as address:
        reader, writer = await address.connect()
        writer.write(sent)
        if sent != BATCH[:-1]:
            await wire.answer(reader)
        await writer.drain()

        async def seen() -> bool:
            return bool(_connections())

        await examples.eventually(seen)
        kept = [weakref.ref(each) for each in _connections()]
        await wire.reset(writer)

        async def gone() -> bool:
            return not any(each() for each in kept)

        await examples.eventually(gone)

    assert kept


@pytest.mark.parametrize(("sent", "status"), [(BATCH, 401), (NOWHERE, 404)], ids=["read", "not read"])
async def test_no_body_is_kept_while_a_connection_idles(
    database_url: str, gateway: Running, sent: bytes, status: int
) -> None:
    async with served(examples.settings(database_url=database_url, gateway_url=gateway.url)) as address:
        reader, writer = await address.connect()
        writer.write(sent)
        answered = await wire.answer(reader)

        async def read() -> bool:
            """To the end, of what nobody waits for."""
            return not writer.transport.get_write_buffer_size()

        await examples.eventually(read)
        (kept,) = [_bytes(each) for each in _connections()]
        writer.close()

    assert (status, 0) == (answered.status_code, kept)


def _bytes(connection: BoundedHttp) -> int:
    """How many bytes of bodies a connection keeps."""
    values = [connection.scope.get("body", b""), *vars(connection.cycle).values()]
    return sum(len(each) for each in values if isinstance(each, (bytes, bytearray)))
