"""pgqueuer: jobs in PostgreSQL, enqueued in the transaction that stores the event, and a worker."""
