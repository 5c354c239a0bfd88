"""What events owe, for the statements that write it."""

from collections.abc import Sequence
from typing import Any

from app.domain.contribution import Contribution


def owed_parameters(owed: Sequence[Sequence[Contribution]]) -> dict[str, Any]:
    """The contributions of each event, as parameters."""
    every = [contribution for contributions in owed for contribution in contributions]
    return {
        # As texts, since an array of arrays of different lengths is none.
        "id_lists": ["{" + ",".join([str(each.id) for each in contributions]) + "}" for contributions in owed],
        "ids": [each.id for each in every],
        "source_ids": [each.source_id for each in every],
        "bodies": [each.body for each in every],
    }


# The part of a statement that changes recorded events: what the `changed` owe from then on.
OWED = """
    owing as (select changed.*, unnest(contribution_ids) as id from changed),
    owed as (
      insert into contributions (id, feed, brand_id, event_id, source_id, body)
      select owing.id, feed, brand_id, event_id, source_id, body
      from owing join unnest(
        cast(:ids as uuid[]), cast(:source_ids as text[]), cast(:bodies as text[])
      ) as given (id, source_id, body) on given.id = owing.id
    )
"""
