"""The ledger: the inbox `events` and the outbox `contributions`."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("ignored", sa.Text(), comment="why the event owes nothing; null where it owes contributions"),
        sa.Column(
            "contribution_ids",
            postgresql.ARRAY(sa.Uuid()),
            nullable=False,
            comment="what it owes, kept when contributions are pruned",
        ),
        sa.Column("payload", sa.Text(), nullable=False, comment="the body as it was sent; a JSON document"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("feed", "brand_id", "event_id", name="events_pkey"),
        sa.CheckConstraint("octet_length(fingerprint) = 32", name=op.f("events_fingerprint_is_sha256")),
        sa.CheckConstraint(
            "(ignored is null) = (cardinality(contribution_ids) > 0)", name=op.f("events_owed_or_ignored")
        ),
    )
    op.create_table(
        "contributions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="sent as it stands, the same bytes on every try"),
        sa.Column("status", sa.Text(), nullable=False, server_default="pending"),
        sa.Column("attempt", sa.Integer(), nullable=False, server_default="0", comment="calls that counted"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("lease_token", sa.Uuid()),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("gateway_status", sa.SmallInteger(), comment="HTTP status of the last answer"),
        sa.Column("gateway_response", sa.Text(), comment="body of the last answer, capped, or what went wrong"),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="contributions_pkey"),
        sa.CheckConstraint(
            "status in ('pending', 'in_flight', 'contributed', 'declined', 'unknown', 'expired', 'discarded')",
            name=op.f("contributions_status_is_known"),
        ),
        sa.CheckConstraint(
            "(status = 'in_flight') = (lease_token is not null and leased_until is not null)",
            name=op.f("contributions_leased_in_flight"),
        ),
        sa.CheckConstraint(
            "(status in ('pending', 'in_flight')) = (settled_at is null)",
            name=op.f("contributions_settled_when_final"),
        ),
    )
    op.create_index(
        "contributions_due", "contributions", ["next_attempt_at"], postgresql_where=sa.text("status = 'pending'")
    )
    op.create_index(
        "contributions_leased", "contributions", ["leased_until"], postgresql_where=sa.text("status = 'in_flight'")
    )


def downgrade() -> None:
    op.drop_table("contributions")
    op.drop_table("events")
