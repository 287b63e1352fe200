"""Keep everything else that people enter, each entry with all its turns."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of entries; the version is kept by the migrations from here on."""
    op.create_table(
        "entries",
        sa.Column("entry_n", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("entry_id", sa.String(200), nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False),
        sa.UniqueConstraint("kind", "entry_id", "turn"),
    )
    if sa.inspect(op.get_bind()).has_table("schema_version"):
        op.drop_table("schema_version")
