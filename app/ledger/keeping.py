"""Keeps the states of a thing that owe nothing beside the event that stands under their key: what decides on them may
turn out to be a mistake, and then a person has them decided anew.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.event import EventKey
from app.ledger.keys import key_of, key_parameters
from app.ledger.recording import Entry

STATES_KEPT = 16  # of an event: platforms have a handful, and whoever makes up more fills no disk with them


async def keep(connection: AsyncConnection, followers: Sequence[Entry]) -> set[EventKey]:
    """Keep the payloads of states, the first of each key first: each text once, and none beyond `STATES_KEPT`. Gives
    the keys that there are.
    """
    rows = await connection.execute(KEEP, parameters(followers))
    return set(map(key_of, rows))


def parameters(followers: Sequence[Entry]) -> dict[str, Any]:
    """What the statement takes."""
    different = list(dict.fromkeys((entry.key, entry.payload) for entry in followers))
    return key_parameters([key for key, _ in different]) | {"payloads": [payload for _, payload in different]}


# The locks are taken before anything is changed, in the order of the keys, and each row has what it has then.
KEEP = text(f"""
    with sent as (
      select feed, brand_id, event_id, array_agg(payload order by place) as payloads
      from unnest(
        cast(:feeds as text[]), cast(:brand_ids as text[]), cast(:event_ids as text[]), cast(:payloads as text[])
      ) with ordinality as sent (feed, brand_id, event_id, payload, place)
      group by feed, brand_id, event_id
    ),
    found as materialized (
      select e.feed, e.brand_id, e.event_id, e.payload, e.other_states, sent.payloads
      from sent join events e using (feed, brand_id, event_id)
      order by feed, brand_id, event_id
      for update of e
    ),
    more as materialized (
      select feed, brand_id, event_id, (other_states || array(
        select given from unnest(payloads) with ordinality as new (given, place)
        where given <> payload and given <> all (other_states) order by place
      ))[1:{STATES_KEPT}] as states
      from found
    ),
    changed as (
      update events e set other_states = more.states from more
      where (e.feed, e.brand_id, e.event_id) = (more.feed, more.brand_id, more.event_id)
        and cardinality(more.states) > cardinality(e.other_states)
    )
    select feed, brand_id, event_id from found
""")  # noqa: S608 - our own constant
