"""The payloads of states that owe nothing are kept beside the event that stands under their key."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A constant default rewrites no row, and a version that does not know the column writes none.
    op.add_column(
        "events",
        sa.Column(
            "other_states",
            ARRAY(sa.Text()),
            nullable=False,
            server_default="{}",
            comment="payloads of other states of the same thing, that owe nothing; at most 16",
        ),
    )


def downgrade() -> None:
    op.drop_column("events", "other_states")
