"""The composition root: makes every part from the settings, starts them in order and stops them in reverse."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp

from app.api.application import create_application
from app.api.health import note
from app.api.large_bodies import LargeBodies
from app.api.limits import Clock
from app.api.refusal_log import RefusalLog
from app.api.state import Drain, Services
from app.authentication.insecure import Insecure
from app.authentication.shared_keys import MEANING, sharing_keys
from app.dispatcher.delivery import Delivery
from app.dispatcher.dispatcher import Dispatcher, Pace
from app.dispatcher.housekeeping import Housekeeping
from app.gateway.call import Limits
from app.gateway.client import Gateway
from app.gateway.direct import DirectCaller
from app.gateway.over_httpx import TransportCaller
from app.gateway.service_token import Credentials, ServiceToken
from app.ledger.asking import known
from app.ledger.database import open_database
from app.ledger.health import ledger_state
from app.ledger.inbox import Inbox
from app.ledger.outbox import Outbox
from app.ledger.payloads import payloads
from app.ledger.retention import Retention
from app.ledger.schema import head
from app.observability.metrics import Metrics
from app.observability.sharing import Sharing
from app.settings import Settings

SETTLING = timedelta(seconds=10)  # beyond the longest delivery: for a stopping dispatcher to write outcomes
SWEEPING = timedelta(seconds=5)  # for a batch of a stopping housekeeping to end
NOTED_EVERY = timedelta(seconds=1)  # what a scrape of another worker is told of this one

_log = structlog.get_logger()


def create_app(  # noqa: PLR0913 - what may stand for the world outside
    settings: Settings,
    *,
    receive: bool = True,
    dispatch: bool = True,
    transport: httpx.AsyncBaseTransport | None = None,
    drain: Drain | None = None,
    sharing: Sharing | None = None,
    clock: Clock = time.monotonic_ns,
    listens: Sequence[str] = (),
) -> ASGIApp:
    """The service as an ASGI application: receiving events, dispatching contributions, or both.

    `transport` replaces the network towards the Gateway; `drain` is set by whoever handles signals; `sharing` is for
    one of several workers; `clock` tells how fast requests come; `listens` is where, for the log.
    """
    feeds = settings.feed_values() if receive else ()
    draining = drain or Drain()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        insecure = [feed.name for feed in feeds if isinstance(feed.scheme, Insecure)]
        for name in insecure:
            _log.warning("service.insecure_feed", feed=name, meaning="anybody can post events to it")
        for names in sharing_keys(feeds):
            _log.warning("service.shared_key", feeds=names, meaning=MEANING)
        if settings.database().url is None:
            _log.warning("service.embedded_database", folder=str(settings.data_folder), meaning="for development only")
        async with AsyncExitStack() as stack:
            engine = await stack.enter_async_context(open_database(settings.database()))
            metrics = Metrics(sharing.folder if sharing else None)
            outbox = Outbox(engine, patience=settings.database_timeout)
            background = None
            if dispatch:
                background = await stack.enter_async_context(_dispatching(settings, outbox, metrics, transport))
                await stack.enter_async_context(_housekeeping(settings, Retention(engine, settings.keep()), metrics))
            inbox = Inbox(engine, background, limit=settings.server.unwritten_limit, patience=settings.database_timeout)
            stack.push_async_callback(inbox.finish)  # before the dispatcher, to which it hands over
            refusals = RefusalLog(
                metrics,
                bodies=settings.logging.refused_bodies,
                clock=clock,
                token_paths={feed.name: feed.token_paths for feed in feeds},
            )
            stack.callback(refusals.tell)
            services = Services(
                inbox=inbox,
                metrics=metrics,
                drain=draining,
                home=settings.server.home(),
                refusals=refusals,
                large_bodies=LargeBodies(settings.server.large_bodies),
                embedded=settings.database().url is None,
                insecure_feeds=insecure,
                ledger_state=partial(ledger_state, engine, head=head()),
                backlog=outbox.backlog,
                known=partial(known, engine),
                payloads=partial(payloads, engine),
                in_flight=(lambda: background.in_flight) if background else (lambda: 0),
                dispatcher_state=(lambda: background.state) if background else None,
                gateway_state=background.gateway_state if background else None,
            )
            if sharing:
                metrics.workers_replaced.inc(sharing.ended)
                await stack.enter_async_context(_noting(services))
            receives = [feed.name for feed in feeds]
            _log.info("service.started", listens=list(listens), receives=receives, dispatches=dispatch)
            yield {"services": services}
            draining.draining = True
        _log.info("service.stopped")

    return create_application(
        feeds, body_limit=settings.server.body_limit, home=settings.server.home(), clock=clock, lifespan=lifespan
    )


@asynccontextmanager
async def _dispatching(
    settings: Settings, outbox: Outbox, metrics: Metrics, transport: httpx.AsyncBaseTransport | None
) -> AsyncIterator[Dispatcher]:
    """A running dispatcher, with its Gateway. On the way out its calls finish and are settled."""
    limits = Limits(
        timeout=settings.gateway.timeout,
        connect_timeout=settings.gateway.connect_timeout,
        connections=settings.gateway.connections,
        response_limit=settings.gateway.response_limit,
    )
    url = str(settings.gateway.url)
    network = (
        TransportCaller(url, limits, transport) if transport else DirectCaller(url, limits, settings.gateway.ca_file)
    )
    async with network as caller:
        credentials = Credentials(
            username=settings.gateway.username,
            password=settings.gateway.password.get_secret_value(),
            path=settings.gateway.authenticate_path,
        )
        token = ServiceToken(caller, credentials, jitter=random.random)
        delivery = Delivery(
            gateway=Gateway(caller, token, contribute_path=settings.gateway.contribute_path),
            outbox=outbox,
            metrics=metrics,
            policy=settings.retry_policy(),
            jitter=random.random,
        )
        pace = Pace(
            poll_interval=settings.dispatcher.poll_interval,
            lease=settings.dispatcher.lease,
            stalled_after=settings.dispatcher.stalled_after,
        )
        dispatcher = Dispatcher(delivery, pace, settings.circuit_policy(), jitter=random.random)
        keeping = asyncio.create_task(token.keep())
        running = asyncio.create_task(dispatcher.run())
        try:
            yield dispatcher
        finally:
            dispatcher.stop()
            done, _ = await asyncio.wait([running], timeout=(settings.longest_delivery() + SETTLING).total_seconds())
            if not done:
                _log.error("service.dispatcher_cut_off", in_flight=dispatcher.in_flight)
            for task in (running, keeping):
                task.cancel()
            await asyncio.gather(running, keeping, return_exceptions=True)


@asynccontextmanager
async def _noting(services: Services) -> AsyncIterator[None]:
    """Has the metrics of this process right, though a scrape may ask another."""

    async def keep_noting() -> None:
        while True:
            note(services)
            await asyncio.sleep(NOTED_EVERY.total_seconds())

    noting = asyncio.create_task(keep_noting())
    try:
        yield
    finally:
        noting.cancel()


@asynccontextmanager
async def _housekeeping(settings: Settings, retention: Retention, metrics: Metrics) -> AsyncIterator[None]:
    """A running housekeeping. On the way out its batch ends; a batch cut off was one statement, committed or not."""
    housekeeping = Housekeeping(retention, metrics, every=settings.retention.every, jitter=random.random)
    running = asyncio.create_task(housekeeping.run())
    try:
        yield
    finally:
        housekeeping.stop()
        await asyncio.wait([running], timeout=SWEEPING.total_seconds())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
