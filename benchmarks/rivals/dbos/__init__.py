"""DBOS Transact: a durable workflow for each event, in the process of the receiver."""
