"""Leases that know whether anything was sent, a person's interventions, pausing, and retention.

Recording and dispatching wait while it runs, once it has its locks: a few seconds for each million rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Both at once, and in the order in which recording takes them: one after the other would be a deadlock with it.
    op.execute("lock table events, contributions in access exclusive mode")
    op.add_column(
        "contributions",
        sa.Column(
            "unsent",
            sa.Boolean(),
            nullable=False,
            server_default="false",
            comment="leased, and surely nothing sent yet",
        ),
    )
    op.add_column(
        "contributions",
        sa.Column(
            "replayed_at",
            sa.DateTime(timezone=True),
            comment="when a person had it sent again; its age counts from then",
        ),
    )
    op.add_column(
        "contributions",
        sa.Column(
            "doubtful",
            sa.Boolean(),
            nullable=False,
            server_default="false",
            comment="a call may have been made unheard",
        ),
    )
    op.execute("update contributions set doubtful = true where status = 'unknown'")
    op.create_check_constraint(
        op.f("contributions_unsent_in_flight"), "contributions", "not unsent or status = 'in_flight'"
    )
    op.create_index("events_received", "events", ["received_at"])
    op.create_table(
        "interventions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("action", sa.Text(), nullable=False, comment="replay, discard, pause or resume"),
        sa.Column("actor", sa.Text(), nullable=False, comment="who did it"),
        sa.Column("reason", sa.Text(), nullable=False, comment="why, in their words"),
        sa.Column("contribution_id", sa.Uuid(), comment="null where it concerns all of them"),
        sa.Column("status", sa.Text()),
        sa.Column("gateway_status", sa.SmallInteger()),
        sa.Column("gateway_response", sa.Text()),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="interventions_pkey"),
        sa.CheckConstraint(
            "(action in ('replay', 'discard')) = (contribution_id is not null)",
            name=op.f("interventions_concerns_one_or_all"),
        ),
    )
    op.create_index(
        "interventions_contribution",
        "interventions",
        ["contribution_id"],
        postgresql_where=sa.text("contribution_id is not null"),
    )
    op.create_table(
        "pauses",
        sa.Column("paused", sa.Boolean(), nullable=False, server_default="true"),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("paused", name="pauses_pkey"),
        sa.CheckConstraint("paused", name=op.f("pauses_at_most_one")),
    )
    op.create_table(
        "pruned",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what", name="pruned_pkey"),
    )


def downgrade() -> None:
    op.drop_table("pruned")
    op.drop_table("pauses")
    op.drop_table("interventions")
    op.drop_index("events_received", "events")
    op.drop_constraint(op.f("contributions_unsent_in_flight"), "contributions")
    op.drop_column("contributions", "doubtful")
    op.drop_column("contributions", "replayed_at")
    op.drop_column("contributions", "unsent")
