// Works the queue off.

import { work } from "./working.js";

const SETTLE = {
  name: "settle",
  text: `
    update events set status = 'contributed', settled_at = now()
    where feed = $1 and brand_id = $2 and event_id = $3`,
};

await work({
  concurrentJobs: 24,
  localQueue: { size: 25 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
  settle: (pool) => (key) => pool.query({ ...SETTLE, values: [key.feed, key.brand_id, key.event_id] }),
});
