"""Releases events that were ignored by mistake: they owe contributions from then on, and whoever released them signs.

A batch is one statement, so one commit: a crash leaves nothing half done. What others hold locked is passed by, and
what is not as it was when it was read is left, so any number of people may release the same at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.contribution import Contribution
from app.domain.event import EventKey
from app.domain.filtering import IgnoreReason
from app.domain.intervention import Signature
from app.ledger.engine import unavailable
from app.ledger.keeping import STATES_KEPT
from app.ledger.keys import key_of, key_parameters
from app.ledger.owing import OWED, owed_parameters

# Caused by a contribution: whatever the configuration says, no command makes one contribute again.
NEVER = IgnoreReason.CONTRIBUTION_EVENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What was sent."""

    fingerprint: bytes
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """An event with that content, ignored for that reason, and what it will owe: one contribution at least. So many
    `other_states` were beside it; where one of them is what counts, `counting` stands from then on, and what stood is
    kept in its place.
    """

    key: EventKey
    fingerprint: bytes
    ignored: IgnoreReason
    contributions: tuple[Contribution, ...]
    other_states: int = 0
    counting: Content | None = None


async def release(engine: AsyncEngine, releases: Sequence[Release], signature: Signature) -> set[EventKey]:
    """Release events whose keys differ; gives those that were released, by this call and no other. Raises
    LedgerUnavailableError, after which it can be called again.
    """
    if not releases:
        return set()
    with unavailable():
        async with engine.begin() as connection:
            rows = (await connection.execute(RELEASE, parameters(releases, signature))).all()
    return set(map(key_of, rows))


def parameters(releases: Sequence[Release], signature: Signature) -> dict[str, Any]:
    """What the statement takes."""
    return (
        key_parameters([each.key for each in releases])
        | {
            "fingerprints": [each.fingerprint for each in releases],
            "reasons": [each.ignored for each in releases],
            "other_states": [each.other_states for each in releases],
            "counting": [each.counting.fingerprint if each.counting else None for each in releases],
            "payloads": [each.counting.payload if each.counting else None for each in releases],
            "actor": signature.actor,
            "reason": signature.reason,
        }
        | owed_parameters([each.contributions for each in releases])
    )


# The lock is taken before anything is changed, and the row judged as it is then: who comes second finds nothing to do.
# A contribution that is there already, owed or not, is never made a second time. Other states only become more while an
# event stands: where they are as many as when it was read, they are the same, and none has come that takes it back.
RELEASE = text(f"""
    with sent as (
      select feed, brand_id, event_id, fingerprint, reason, cast(id_list as uuid[]) as ids, others, counting, payload
      from unnest(
        cast(:feeds as text[]), cast(:brand_ids as text[]), cast(:event_ids as text[]),
        cast(:fingerprints as bytea[]), cast(:reasons as text[]), cast(:id_lists as text[]),
        cast(:other_states as integer[]), cast(:counting as bytea[]), cast(:payloads as text[])
      ) as sent (feed, brand_id, event_id, fingerprint, reason, id_list, others, counting, payload)
    ),
    free as materialized (
      select e.feed, e.brand_id, e.event_id, e.ignored, sent.ids, sent.counting, sent.payload
      from sent join events e using (feed, brand_id, event_id)
      where e.fingerprint = sent.fingerprint and e.ignored = sent.reason and e.ignored <> '{NEVER}'
        and cardinality(e.other_states) = sent.others
        and not exists (select from contributions c where c.id = any (sent.ids))
      for update of e skip locked
    ),
    changed as (
      update events e set
        ignored = null, contribution_ids = free.ids,
        fingerprint = coalesce(free.counting, e.fingerprint), payload = coalesce(free.payload, e.payload),
        other_states = case when free.payload is null then e.other_states
          else (e.payload || array_remove(e.other_states, free.payload))[1:{STATES_KEPT}] end
      from free
      where (e.feed, e.brand_id, e.event_id) = (free.feed, free.brand_id, free.event_id)
      returning e.feed, e.brand_id, e.event_id, e.contribution_ids, free.ignored as was
    ),
    {OWED},
    signed as (
      insert into interventions (action, actor, reason, contribution_id, ignored)
      select 'release', cast(:actor as text), cast(:reason as text), owing.id, was from owing
    )
    select feed, brand_id, event_id from changed
""")  # noqa: S608 - our own constants
