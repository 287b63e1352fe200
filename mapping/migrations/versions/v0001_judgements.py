"""Keep decisions on who is who."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table of decisions on pairs of people."""
    op.create_table(
        "judgements",
        sa.Column("judgement_id", sa.Integer, primary_key=True),
        sa.Column("person_a", sa.String(200), nullable=False),
        sa.Column("person_b", sa.String(200), nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("judgement", sa.String(20), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.UniqueConstraint("person_a", "person_b", "turn"),
        sa.CheckConstraint("person_a < person_b"),
    )
