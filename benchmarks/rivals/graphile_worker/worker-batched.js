// As worker.js, with more jobs at once and a longer local queue, and with the outcomes stored in batches.

import { batched } from "./batch.js";
import { work } from "./working.js";

const SETTLE = {
  name: "settle",
  text: `
    update events set status = 'contributed', settled_at = now()
    from unnest($1::text[], $2::text[], $3::text[]) as done (feed, brand_id, event_id)
    where events.feed = done.feed and events.brand_id = done.brand_id and events.event_id = done.event_id`,
};

await work({
  concurrentJobs: 64,
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
  settle: (pool) =>
    batched(async (keys) => {
      const values = ["feed", "brand_id", "event_id"].map((name) => keys.map((key) => key[name]));
      await pool.query({ ...SETTLE, values });
      return keys;
    }),
});
