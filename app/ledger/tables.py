"""The tables: `events`, the inbox and idempotency table, `contributions`, the outbox, and what people did to them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
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
    Column(
        "other_states",
        ARRAY(Text),
        nullable=False,
        server_default="{}",
        comment="payloads of other states of the same thing, that owe nothing; at most 16",
    ),
    # The idempotency key: of any number of equal inserts, one wins.
    PrimaryKeyConstraint("feed", "brand_id", "event_id"),
    CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint_is_sha256"),
    # An event is either owed for or ignored for a reason, never neither.
    CheckConstraint("(ignored is null) = (cardinality(contribution_ids) > 0)", name="owed_or_ignored"),
    # What retention reads, oldest first. The outbox needs none: its primary key begins with a time.
    Index("events_received", "received_at"),
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
    # False unless a claim says otherwise, so that a version that does not know it is never taken to have sent nothing.
    Column("unsent", Boolean, nullable=False, server_default="false", comment="leased, and surely nothing sent yet"),
    # Kept until an answer, or a person who looked, puts an end to the doubt.
    Column("doubtful", Boolean, nullable=False, server_default="false", comment="a call may have been made unheard"),
    Column("replayed_at", DateTime(timezone=True), comment="when a person had it sent again; its age counts from then"),
    Column("gateway_status", SmallInteger, comment="HTTP status of the last answer"),
    Column("gateway_response", Text, comment="body of the last answer, capped, or what went wrong"),
    Column("settled_at", DateTime(timezone=True)),
    CheckConstraint("status in ({})".format(", ".join(f"'{status}'" for status in Status)), name="status_is_known"),
    # Only what is in flight is leased, so a settled row can never be settled again by an old token.
    CheckConstraint(
        "(status = 'in_flight') = (lease_token is not null and leased_until is not null)", name="leased_in_flight"
    ),
    CheckConstraint("not unsent or status = 'in_flight'", name="unsent_in_flight"),
    CheckConstraint("(status in ('pending', 'in_flight')) = (settled_at is null)", name="settled_when_final"),
    # What a claim reads, oldest due first; small, because what is settled leaves it.
    Index("contributions_due", "next_attempt_at", postgresql_where=text("status = 'pending'")),
    # What a lease left behind when its holder died.
    Index("contributions_leased", "leased_until", postgresql_where=text("status = 'in_flight'")),
)

interventions = Table(
    "interventions",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("action", Text, nullable=False, comment="replay, discard, release, pause or resume"),
    Column("actor", Text, nullable=False, comment="who did it"),
    Column("reason", Text, nullable=False, comment="why, in their words"),
    Column("contribution_id", Uuid, comment="null where it concerns all of them"),
    # What the action overwrote.
    Column("status", Text),
    Column("gateway_status", SmallInteger),
    Column("gateway_response", Text),
    Column("settled_at", DateTime(timezone=True)),
    Column("ignored", Text, comment="why a released event had been ignored"),
    CheckConstraint(
        "(action in ('replay', 'discard', 'release')) = (contribution_id is not null)", name="concerns_one_or_all"
    ),
    # The history of one contribution.
    Index("interventions_contribution", "contribution_id", postgresql_where=text("contribution_id is not null")),
)

pauses = Table(
    "pauses",
    metadata,
    # At most one row: while it is there, nothing is claimed by anyone.
    Column("paused", Boolean, primary_key=True, server_default="true"),
    Column("paused_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("paused", name="at_most_one"),
)

pruned = Table(
    "pruned",
    metadata,
    # What retention removed, so that the books still balance: a status of contributions, or what events owed.
    Column("what", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)
