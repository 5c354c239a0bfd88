"""What ops see: health, metrics, logs."""

import json
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.state import Drain
from app.domain.intervention import Signature
from app.ledger.pause import pause, resume
from app.observability.logs import configure_logs
from tests import examples
from tests.acceptance.service import Service, running
from tests.examples import Running


async def test_a_service_that_can_work_is_ready(service: Service) -> None:
    async def authenticated() -> bool:
        return bool((await service.ready())[1]["gateway"] == "authenticated")

    await examples.eventually(authenticated)
    parts = {"database": "ok", "schema": "ok", "forwarding": "ok", "dispatcher": "ok", "gateway": "authenticated"}
    assert (200, {"status": "ready"} | parts) == await service.ready()


async def test_a_gateway_that_is_down_is_named_and_events_are_accepted(database_url: str) -> None:
    async with running(examples.settings(database_url=database_url, gateway_url="http://127.0.0.1:9")) as service:
        status, state = await service.ready()

        assert (status, state["gateway"]) == (200, "unauthenticated")
        assert (await service.post("bet", examples.bet())).status_code == 202
        assert await service.metric("gateway_authenticated") == 0
        assert await service.metric("backlog") == 1


async def test_a_database_that_is_down_makes_it_unready(gateway: Running) -> None:
    settings = examples.settings(database_url="postgresql://nobody@127.0.0.1:9/nowhere", gateway_url=gateway.url)
    async with running(settings) as service:
        status, state = await service.ready()

        assert (status, state["database"], state["schema"]) == (503, "unreachable", "unknown")
        assert (await service.client.get("/health/live")).status_code == 200
        assert (await service.client.get("/metrics")).status_code == 200


async def test_an_unmigrated_database_makes_it_unready(empty_database_url: str, gateway: Running) -> None:
    settings = examples.settings(database_url=empty_database_url, gateway_url=gateway.url)
    async with running(settings) as service:
        status, state = await service.ready()

    assert (status, state["schema"]) == (503, "missing")


async def test_a_stalled_dispatcher_makes_it_unready(engine: AsyncEngine, database_url: str, gateway: Running) -> None:
    """A worker that is silent while the service answers 202 is a published failure of others (Svix #1511)."""
    dispatcher = {"poll_interval": "10ms", "stalled_after": "100ms"}
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, dispatcher=dispatcher)
    async with running(settings) as service:

        async def stalled() -> bool:
            status, state = await service.ready()
            return (503, "stalled") == (status, state["dispatcher"])

        async def recovered() -> bool:
            return (await service.ready())[0] == 200

        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="READ COMMITTED")
            async with connection.begin():
                await connection.execute(text("lock table contributions in access exclusive mode"))
                await examples.eventually(stalled)
        await examples.eventually(recovered)


async def test_paused_forwarding_is_named_and_makes_no_one_unready(engine: AsyncEngine, service: Service) -> None:
    signature = Signature(actor="ada", reason="maintenance at the Gateway")
    await pause(engine, signature)
    status, state = await service.ready()

    assert (200, "paused", 1) == (status, state["forwarding"], await service.metric("paused"))
    assert (await service.post("bet", examples.bet())).status_code == 202

    await resume(engine, signature)
    assert ("ok", 0) == ((await service.ready())[1]["forwarding"], await service.metric("paused"))


async def test_an_insecure_feed_is_named(database_url: str, gateway: Running) -> None:
    feeds = {"bet": {"insecure": True}, "deposit": {"webhook_secrets": [examples.SECRET]}}
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)
    with structlog.testing.capture_logs() as logs:
        async with running(settings) as service:
            assert (await service.ready())[1]["insecure_feeds"] == ["bet"]
            response = await service.client.post("/events/bet", json=examples.bet())

    assert response.status_code == 202
    assert [line["feed"] for line in logs if line["event"] == "service.insecure_feed"] == ["bet"]


async def test_feeds_with_a_key_in_common_are_named_at_the_start(database_url: str, gateway: Running) -> None:
    key = {"webhook_secrets": [examples.SECRET]}
    feeds = {"bet": key, "deposit": {"api_keys": ["a-key-of-16-or-more"]}, "poker": key | {"kind": "bet"}}
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)
    with structlog.testing.capture_logs() as logs:
        async with running(settings):
            pass

    assert [line["feeds"] for line in logs if line["event"] == "service.shared_key"] == [("bet", "poker")]


async def test_an_embedded_database_is_named(gateway: Running, tmp_path: Path) -> None:
    """Whoever believes to have configured one must not find out by losing it."""
    settings = examples.settings(database_url=None, gateway_url=gateway.url, data_folder=tmp_path / "data")
    with structlog.testing.capture_logs() as logs:
        async with running(settings) as service:
            assert (200, True) == ((await service.ready())[0], (await service.ready())[1]["embedded_database"])

    assert "service.embedded_database" in {line["event"] for line in logs}


async def test_a_draining_service_refuses_events_and_says_when_to_come_back(
    database_url: str, gateway: Running
) -> None:
    drain = Drain()
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url)
    async with running(settings, drain=drain) as service:
        drain.draining = True
        response = await service.post("bet", examples.bet())

        assert (
            response.status_code,
            response.json()["type"].rpartition("/")[2],
            response.headers["connection"],
        ) == (503, "draining", "close")
        assert response.headers["retry-after"].isdigit()
        assert ((await service.ready())[0], (await service.ready())[1]["status"]) == (503, "draining")


async def test_a_service_that_only_dispatches_serves_no_feed(database_url: str, gateway: Running) -> None:
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url)
    async with running(settings, dispatch=False) as receiver, running(settings, receive=False) as dispatcher:
        assert (await receiver.post("bet", examples.bet())).status_code == 202
        assert (await dispatcher.post("bet", examples.bet())).status_code == 404
        assert {"status", "database", "schema", "forwarding"} == (await receiver.ready())[1].keys()

        async def arrived() -> bool:
            return gateway.simulator.account.contributions().total() == 1

        await examples.eventually(arrived)


async def test_what_happens_is_counted(service: Service) -> None:
    await service.post("bet", examples.bet())
    await service.post("bet", examples.bet())
    await service.post("bet", examples.bet(amount="9"))
    await service.post("bet", examples.bet(event_id="2", event_type="WIN"))
    await service.post("bet", {})
    await service.post("bet", examples.bet(), webhook_signature="v1,AAAA")

    assert await service.metric("events_accepted_total", feed="bet") == 1
    assert await service.metric("events_duplicate_total", feed="bet") == 1
    assert await service.metric("events_conflict_total", feed="bet") == 1
    assert await service.metric("events_ignored_total", feed="bet", reason="event_type_not_counted") == 1
    assert await service.metric("events_refused_total", feed="bet", cause="invalid-event") == 1
    assert await service.metric("events_refused_total", feed="bet", cause="unauthenticated") == 1

    async def contributed() -> bool:
        return await service.metric("contributions_settled_total", status="contributed") == 1

    await examples.eventually(contributed)
    assert await service.metric("gateway_call_seconds_count") == 1
    assert await service.metric("end_to_end_seconds_count") == 1
    assert await service.metric("backlog") == 0
    assert await service.metric("gateway_authenticated") == 1


async def test_the_age_of_the_oldest_due_is_measured(engine: AsyncEngine, database_url: str) -> None:
    async with running(examples.settings(database_url=database_url, gateway_url="http://127.0.0.1:9")) as service:
        await service.post("bet", examples.bet())
        async with engine.connect() as connection:
            await connection.execute(text("update contributions set next_attempt_at = now() - interval '1 hour'"))

        assert 3600 <= await service.metric("backlog_oldest_due_seconds") < 7200


async def test_logs_carry_ids_and_neither_tokens_nor_bodies(
    database_url: str, gateway: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(level="debug", form="json")
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url)) as service:
        await service.post(
            "bet", examples.bet(player_token="open-sesame", player_id="sesame-player"), x_request_id="r-1"
        )
        await service.post("bet", examples.bet(player_token="open-sesame", amount="sesame"))

        async def contributed() -> bool:
            return await service.metric("contributions_settled_total", status="contributed") == 1

        await examples.eventually(contributed)
    output = capsys.readouterr().err
    structlog.reset_defaults()

    lines = {line["event"]: line for line in map(json.loads, output.splitlines())}
    assert {"bet-1", "r-1"} <= set(lines["api.event_recorded"].values())
    assert lines["dispatcher.contributed"]["event_id"] == "bet-1"
    for secret in ("sesame", examples.PASSWORD, examples.SECRET, "sandbox-"):
        assert secret not in output
