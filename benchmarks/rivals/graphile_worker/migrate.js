// Makes graphile-worker's tables.

import { runMigrations } from "graphile-worker";
import { databaseUrl } from "./surroundings.js";

await runMigrations({ connectionString: databaseUrl });
