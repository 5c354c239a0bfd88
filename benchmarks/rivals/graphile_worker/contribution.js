// The contribution that is owed for an event, as the Gateway wants it.

export const FEED = "bet";

export function contribution(event) {
  return {
    token: event.player_token ?? null,
    brand_id: `casino:${event.brand_id}`,
    player_id: event.player_id,
    player_country: event.player_country ?? null,
    source_id: "casino-sitewide",
    gameround_id: event.round_id,
    currency: event.currency,
    base_wager: event.amount,
    metadata: { feed: FEED, brand_id: event.brand_id, event_id: event.event_id },
  };
}
