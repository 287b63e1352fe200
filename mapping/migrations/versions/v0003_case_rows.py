"""Keep the rows of a case, import by import."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables of imports and of the rows each brought."""
    op.create_table(
        "imports",
        sa.Column("import_n", sa.Integer, primary_key=True),
        sa.Column("undoes", sa.Integer, sa.ForeignKey("imports.import_n"), unique=True),
        sa.Column("case_name", sa.String(200), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
    )
    op.create_table(
        "case_rows",
        sa.Column("case_row_n", sa.Integer, primary_key=True),
        sa.Column("import_n", sa.Integer, sa.ForeignKey("imports.import_n"), nullable=False),
        sa.Column("table_name", sa.String(40), nullable=False),
        sa.Column("row_key", sa.Text, nullable=False),
        sa.Column("content", sa.Text),
    )
    op.create_index("case_rows_by_key", "case_rows", ["table_name", "row_key", "import_n"])
