"""The ledger: every event accepted and what became of it. SQL and transactions live here only."""
