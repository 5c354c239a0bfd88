"""procrastinate: jobs in PostgreSQL, deferred in the transaction that stores the event, and workers."""
