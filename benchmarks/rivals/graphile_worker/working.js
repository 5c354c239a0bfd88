// The worker: makes each job's contribution, and has `settle` store the outcome.

import { Logger, run } from "graphile-worker";
import pg from "pg";
import { contribute } from "./gateway.js";
import { databaseUrl } from "./surroundings.js";

const logger = new Logger(() => (level, message) => {
  if (level === "error" || level === "warning") console.error(message);
});

// `batching` is what the page on performance recommends to set.
export async function work({ concurrentJobs, settle, ...batching }) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: concurrentJobs + 2 });
  pool.on("error", (error) => console.error(error));
  const settled = settle(pool);
  const runner = await run({
    pgPool: pool,
    logger,
    taskList: {
      async contribute(body) {
        await contribute(body);
        await settled(body.metadata);
      },
    },
    preset: { worker: { concurrentJobs, ...batching } },
  });
  await runner.promise;
}
