// Receives an event: the event and its job are one statement, and so one transaction; then it answers.

import pg from "pg";
import { FEED, contribution } from "./contribution.js";
import { serve } from "./server.js";
import { databaseUrl } from "./surroundings.js";

const RECORD = {
  name: "record",
  text: `
    with stored as (
      insert into events (feed, brand_id, event_id, payload) values ($1, $2, $3, $4) on conflict do nothing returning 1
    )
    select graphile_worker.add_job('contribute', $5) from stored`,
};

const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 }); // node-postgres's default

await serve(async (event, payload) => {
  const values = [FEED, event.brand_id, event.event_id, payload, JSON.stringify(contribution(event))];
  return (await pool.query({ ...RECORD, values })).rowCount === 1;
});
