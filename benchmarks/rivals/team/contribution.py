"""The contribution that is owed for an event, as the Gateway wants it."""

import json

from benchmarks.floor.model import Bet

FEED = "bet"
PATH = "/jackpots/contribute/source"


def contribution(event: Bet) -> str:
    """The body of the call."""
    return json.dumps(
        {
            "token": event.player_token,
            "brand_id": f"casino:{event.brand_id}",
            "player_id": event.player_id,
            "player_country": event.player_country,
            "source_id": "casino-sitewide",
            "gameround_id": event.round_id,
            "currency": event.currency,
            "base_wager": float(event.amount),
            "metadata": {"feed": FEED, "brand_id": event.brand_id, "event_id": event.event_id},
        }
    )
