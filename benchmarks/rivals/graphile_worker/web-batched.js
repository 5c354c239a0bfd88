// As web.js, with a group commit in front: all events that wait and their jobs are one statement.

import pg from "pg";
import { batched } from "./batch.js";
import { FEED, contribution } from "./contribution.js";
import { serve } from "./server.js";
import { databaseUrl } from "./surroundings.js";

// Of several events with one key the first counts. Gives the places of the new ones, from 1.
const RECORD = {
  name: "record",
  text: `
    with given as (
      select distinct on (brand_id, event_id) *
      from unnest($2::text[], $3::text[], $4::text[], $5::json[])
           with ordinality as given (brand_id, event_id, payload, body, place)
      order by brand_id, event_id, place
    ), stored as (
      insert into events (feed, brand_id, event_id, payload)
      select $1, brand_id, event_id, payload from given
      on conflict do nothing returning brand_id, event_id
    ), fresh as (
      select given.* from given join stored using (brand_id, event_id)
    ), added as (
      select count(*) from graphile_worker.add_jobs(array(
        select row('contribute', body, null, null, null, null, null, null)::graphile_worker.job_spec from fresh
      ))
    )
    select place from fresh, added`,
};

const client = new pg.Client({ connectionString: databaseUrl }); // one, as one batch is written at a time
await client.connect();

const record = batched(async (batch) => {
  const values = [
    FEED,
    batch.map(({ event }) => event.brand_id),
    batch.map(({ event }) => event.event_id),
    batch.map(({ payload }) => payload),
    batch.map(({ event }) => JSON.stringify(contribution(event))),
  ];
  const { rows } = await client.query({ ...RECORD, values });
  const fresh = new Set(rows.map(({ place }) => Number(place)));
  return batch.map((_, place) => fresh.has(place + 1));
});

await serve((event, payload) => record({ event, payload }));
