"""graphile-worker behind Fastify, in Node: jobs in PostgreSQL, added in the transaction that stores the event."""
