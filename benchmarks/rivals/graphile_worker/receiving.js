// Checks a request's signature over the raw body, and says what an event has to be.

import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { secret } from "./surroundings.js";

const TOLERANCE = 300; // seconds
const key = createSecretKey(secret.replace(/^whsec_/, ""), "base64"); // a Buffer would be made a key each time

// Why a request is not authentic, or null when it is: Standard Webhooks.
export function refusal(headers, body) {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  const signatures = headers["webhook-signature"];
  if (!id || !timestamp || !signatures) return "the three webhook headers are needed";
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE)) return "the timestamp is too far off";
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  const found = signatures.split(" ").some((signature) => {
    const [version, value] = signature.split(",");
    const offered = Buffer.from(value ?? "", "base64");
    return version === "v1" && offered.length === expected.length && timingSafeEqual(offered, expected);
  });
  return found ? null : "the signature is wrong";
}

const identifier = { type: "string", minLength: 1, maxLength: 200 };
const text = { type: ["string", "null"] };

export const bet = {
  type: "object",
  required: [
    "event_id", "event_type", "brand_id", "player_id", "game_code", "round_id", "amount", "currency", "occurred_at",
  ],
  properties: {
    event_id: identifier,
    event_type: identifier,
    brand_id: identifier,
    player_id: identifier,
    player_country: text,
    player_token: text,
    game_code: identifier,
    provider_id: text,
    round_id: identifier,
    amount: { type: "number" },
    currency: { type: "string" },
    occurred_at: { type: "string", format: "date-time" },
    metadata: { type: ["object", "null"] },
  },
};
