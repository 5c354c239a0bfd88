"""The ledger's schema, one revision after the other; installed with the service, which runs them by itself."""
