"""The two tables: `events`, the inbox and idempotency table, and `contributions`, the outbox."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.domain.settlement import Status

metadata = MetaData(
    naming_convention={
        "ck": "%(table_name)s_%(constraint_name)s",
        "pk": "%(table_name)s_pkey",
    }
)

events = Table(
    "events",
    metadata,
    Column("feed", Text, nullable=False),
    Column("brand_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("ignored", Text, comment="why the event owes nothing; null where it owes contributions"),
    Column("contribution_ids", ARRAY(Uuid), nullable=False, comment="what it owes, kept when contributions are pruned"),
    Column("payload", Text, nullable=False, comment="the body as it was sent; a JSON document"),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # The idempotency key: of any number of equal inserts, one wins.
    PrimaryKeyConstraint("feed", "brand_id", "event_id"),
    CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint_is_sha256"),
    # An event is either owed for or ignored for a reason, never neither.
    CheckConstraint("(ignored is null) = (cardinality(contribution_ids) > 0)", name="owed_or_ignored"),
)

contributions = Table(
    "contributions",
    metadata,
    # The Idempotency-Key of the call. It begins with the event's time, so new rows stay together in the index.
    Column("id", Uuid, primary_key=True),
    # The event that owes it. No foreign key: both rows are written by one statement, and `ledger` verifies the pairs.
    Column("feed", Text, nullable=False),
    Column("brand_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("body", Text, nullable=False, comment="sent as it stands, the same bytes on every try"),
    Column("status", Text, nullable=False, server_default=Status.PENDING.value),
    Column("attempt", Integer, nullable=False, server_default="0", comment="calls that counted"),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("lease_token", Uuid),
    Column("leased_until", DateTime(timezone=True)),
    Column("gateway_status", SmallInteger, comment="HTTP status of the last answer"),
    Column("gateway_response", Text, comment="body of the last answer, capped, or what went wrong"),
    Column("settled_at", DateTime(timezone=True)),
    CheckConstraint("status in ({})".format(", ".join(f"'{status}'" for status in Status)), name="status_is_known"),
    # Only what is in flight is leased, so a settled row can never be settled again by an old token.
    CheckConstraint(
        "(status = 'in_flight') = (lease_token is not null and leased_until is not null)", name="leased_in_flight"
    ),
    CheckConstraint("(status in ('pending', 'in_flight')) = (settled_at is null)", name="settled_when_final"),
    # What a claim reads, oldest due first; small, because what is settled leaves it.
    Index("contributions_due", "next_attempt_at", postgresql_where=text("status = 'pending'")),
    # What a lease left behind when its holder died.
    Index("contributions_leased", "leased_until", postgresql_where=text("status = 'in_flight'")),
)
