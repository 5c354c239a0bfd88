"""Events that were ignored may be released, and what that overwrites is kept with the signature."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CHECK = "interventions_concerns_one_or_all"


def upgrade() -> None:
    op.add_column("interventions", sa.Column("ignored", sa.Text(), comment="why a released event had been ignored"))
    op.alter_column(
        "interventions",
        "action",
        comment="replay, discard, release, pause or resume",
        existing_type=sa.Text(),
        existing_nullable=False,
    )
    op.drop_constraint(op.f(_CHECK), "interventions")
    op.create_check_constraint(
        op.f(_CHECK),
        "interventions",
        "(action in ('replay', 'discard', 'release')) = (contribution_id is not null)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f(_CHECK), "interventions")
    # Not valid: releases that were made stay what they are.
    op.execute(
        f"alter table interventions add constraint {_CHECK}"
        " check ((action in ('replay', 'discard')) = (contribution_id is not null)) not valid"
    )
    op.alter_column(
        "interventions",
        "action",
        comment="replay, discard, pause or resume",
        existing_type=sa.Text(),
        existing_nullable=False,
    )
    op.drop_column("interventions", "ignored")
