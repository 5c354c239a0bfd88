"""On a ledger of a million events, what every event costs does not grow: each statement finds its rows by an index."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Executable, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.domain.filtering import IgnoreReason
from app.domain.intervention import Signature
from app.domain.settlement import Settlement, Status
from app.ledger import asking, keeping, leasing, outbox, payloads, recording, releasing, replacing, settling, stored
from app.ledger.claim import Claim
from app.ledger.settling import Settled
from tests import examples
from tests.integration.populated import DAY, populate

ROWS = 1_000_000
KEYS = {"feeds": ["bet"], "brand_ids": ["brand1"], "event_ids": ["old-1"]}
IDS = {"ids": [uuid4(), uuid4()], "tokens": [uuid4(), uuid4()]}
LEASE = {"lease": timedelta(seconds=15)}
CLAIM = Claim(
    id=uuid4(),
    key=examples.entry().key,
    source_id="book-of-examples",
    body="{}",
    attempt=1,
    age=timedelta(),
    lease_token=uuid4(),
    doubtful=False,
)
OUTCOMES = settling.parameters([Settled(CLAIM, Settlement(status=Status.CONTRIBUTED), 200, "{}")] * 64)
RELEASED = releasing.Release(
    key=CLAIM.key,
    fingerprint=bytes(32),
    ignored=IgnoreReason.ROLLBACK,
    contributions=examples.entry().decision.contributions,
    counting=releasing.Content(fingerprint=bytes(32), payload="{}"),
)
REPLACED = replacing.Replacement(entry=examples.entry(), first=bytes(32))
PERIOD = {
    "after": datetime.now(UTC) - timedelta(hours=1),
    "until": datetime.now(UTC),
    **dict.fromkeys(("feed", "brand_id", "event_id"), ""),
    **dict.fromkeys(("only_feed", "only_event", "reasons")),
    "page": 1000,
}

STATEMENTS: dict[str, tuple[Executable, dict[str, Any]]] = {
    "find": (recording.FIND, KEYS),
    "claim": (leasing.CLAIM, LEASE | {"limit": 64, "token": uuid4()}),
    "begin": (leasing.BEGIN, LEASE | IDS),
    "renew": (leasing.RENEW, LEASE | IDS),
    "release": (leasing.RELEASE, {"tokens": IDS["tokens"]}),
    "recover": (leasing.RECOVER, {"new_status": "unknown"}),
    "settle": (settling.SETTLE, OUTCOMES),
    "status": (settling.STATUS, {"claim_id": uuid4()}),
    "backlog": (outbox.BACKLOG, {}),
    "known": (asking.KNOWN, {"feed": "bet", "brand_id": "brand1", "event_id": "old-1"}),
    "period": (stored.PERIOD, PERIOD),
    "owed": (stored.OWED, {"ids": IDS["ids"]}),
    "payloads": (payloads.PAYLOADS, KEYS),
    "has events": (stored.HAS_EVENTS, {"feed": "nothing"}),
    "free": (
        releasing.RELEASE,
        releasing.parameters([RELEASED] * 1000, Signature(actor="ada", reason="a plan")),
    ),
    "replace": (replacing.REPLACE, replacing.parameters([REPLACED] * 64)),
    "keep": (keeping.KEEP, keeping.parameters([examples.entry(f"bet-{number}") for number in range(64)])),
}
INDEXES = {
    "find": {"events_pkey"},
    "claim": {"contributions_due", "contributions_pkey"},
    "begin": {"contributions_pkey"},
    "renew": {"contributions_pkey"},
    "release": {"contributions_leased", "contributions_pkey"},
    "recover": {"contributions_leased", "contributions_pkey"},
    "settle": {"contributions_pkey"},
    "status": {"contributions_pkey"},
    "backlog": {"contributions_due", "pg_class_oid_index"},
    "known": {"events_pkey", "contributions_pkey"},
    "period": {"events_received"},
    "owed": {"contributions_pkey"},
    "payloads": {"events_pkey"},
    "has events": {"events_pkey"},
    "free": {"events_pkey", "contributions_pkey"},
    "replace": {"events_pkey", "contributions_pkey"},
    "keep": {"events_pkey"},
}


async def test_every_statement_reads_by_an_index(engine: AsyncEngine) -> None:
    """Also by the plan that PostgreSQL makes once for all parameters, which it may choose after some runs."""
    await populate(engine, "old", count=ROWS, received=DAY)
    await populate(engine, "due", count=1000, status=Status.PENDING)
    await populate(engine, "sent", count=100, status=Status.IN_FLIGHT)
    async with engine.connect() as connection:
        await connection.execute(text("vacuum analyze"))
        for kind in ("custom", "generic"):
            await connection.execute(text(f"set plan_cache_mode = force_{kind}_plan"))
            found = {name: await _read(connection, *each) for name, each in STATEMENTS.items()}

            assert found == INDEXES, kind


async def test_every_statement_reads_by_an_index_where_the_ledger_was_empty_when_it_was_planned(
    engine: AsyncEngine,
) -> None:
    """A plan is kept until statistics are gathered; one that reads whole tables would cost more with every event."""
    async with engine.connect() as connection:
        found = {name: await _read(connection, *each) for name, each in STATEMENTS.items()}

    assert found == INDEXES


async def _read(connection: AsyncConnection, statement: Executable, parameters: dict[str, Any]) -> set[str]:
    """The indexes that a statement reads, and the tables that it reads whole; but for the one of at most one row."""
    nodes = list(_nodes(await _explained(connection, statement, parameters)))
    read = {node["Index Name"] for node in nodes if "Index Name" in node}
    read |= {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}
    return read - {"pauses", "pauses_pkey"}


async def _explained(connection: AsyncConnection, statement: Executable, parameters: dict[str, Any]) -> Any:
    """The plan, of the very text and values that SQLAlchemy gives to the driver."""
    given = dict[str, Any]()

    def keep(_connection: Any, _cursor: Any, sql: str, values: Any, *_: Any) -> None:
        given.update(sql=sql, values=values)

    event.listen(connection.sync_connection, "before_cursor_execute", keep)
    await connection.execute(statement, parameters)
    event.remove(connection.sync_connection, "before_cursor_execute", keep)
    driver: Any = (await connection.get_raw_connection()).driver_connection
    explained = await driver.fetchval(f"explain (format json) {given['sql']}", *given["values"])
    return explained[0]["Plan"]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)
