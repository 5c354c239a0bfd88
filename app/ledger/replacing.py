"""Replaces recorded events that owe nothing, being states that do not count, by those that follow under their keys, and
keeps what it replaced beside them.

A batch is one statement, so one commit. Who comes second waits for the first, and finds nothing to replace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.event import EventKey
from app.ledger.keeping import STATES_KEPT
from app.ledger.keys import key_of, key_parameters
from app.ledger.owing import OWED, owed_parameters
from app.ledger.recording import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """An event that stands in the place of the one with this fingerprint."""

    entry: Entry
    first: bytes


async def replace(connection: AsyncConnection, replacements: Sequence[Replacement]) -> set[EventKey]:
    """Replace events whose keys differ; gives those that were replaced, by this call and no other."""
    rows = await connection.execute(REPLACE, parameters(replacements))
    return set(map(key_of, rows))


def parameters(replacements: Sequence[Replacement]) -> dict[str, Any]:
    """What the statement takes."""
    entries = [each.entry for each in replacements]
    return (
        key_parameters([entry.key for entry in entries])
        | {
            "firsts": [each.first for each in replacements],
            "fingerprints": [entry.fingerprint for entry in entries],
            "ignored": [entry.decision.ignored for entry in entries],
            "payloads": [entry.payload for entry in entries],
        }
        | owed_parameters([entry.decision.contributions for entry in entries])
    )


# The locks are taken before anything is changed, in the order of the keys, and each row judged as it is then. What owes
# nothing by its state owes nothing still: had it been released, it would not be ignored. The time is that of the event
# which stands from then on, so that retention keeps its key as long as any other's. What it replaces came before all of
# the other states, and is kept as the first of them.
REPLACE = text(f"""
    with sent as (
      select feed, brand_id, event_id, first, fingerprint, ignored, cast(id_list as uuid[]) as ids, payload
      from unnest(
        cast(:feeds as text[]), cast(:brand_ids as text[]), cast(:event_ids as text[]), cast(:firsts as bytea[]),
        cast(:fingerprints as bytea[]), cast(:ignored as text[]), cast(:id_lists as text[]), cast(:payloads as text[])
      ) as sent (feed, brand_id, event_id, first, fingerprint, ignored, id_list, payload)
    ),
    free as materialized (
      select sent.* from sent join events e using (feed, brand_id, event_id)
      where e.fingerprint = sent.first and e.ignored is not null
        and not exists (select from contributions c where c.id = any (sent.ids))
      order by feed, brand_id, event_id
      for update of e
    ),
    changed as (
      update events e set
        fingerprint = free.fingerprint, ignored = free.ignored, contribution_ids = free.ids, payload = free.payload,
        other_states = (e.payload || array_remove(e.other_states, free.payload))[1:{STATES_KEPT}],
        received_at = now()
      from free where (e.feed, e.brand_id, e.event_id) = (free.feed, free.brand_id, free.event_id)
      returning e.feed, e.brand_id, e.event_id, e.contribution_ids
    ),
    {OWED}
    select feed, brand_id, event_id from changed
""")  # noqa: S608 - our own constants
