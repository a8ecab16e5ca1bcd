"""What people said of pairs and leads that a model learns from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"

# A migration stands for itself: it must not change when `tables.py` does.
text = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")
time = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql")
number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "review",
        sa.Column("id", number, nullable=False),
        sa.Column("dataset_id", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("chosen", text, nullable=False),
        sa.Column("rejected", text, nullable=False),
        sa.Column("lead_id", text, nullable=False),
        sa.Column("stage", text, nullable=False),
        sa.Column("converted", sa.Double(), nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("note", text, nullable=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.Column("at", time, nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=True),
        sa.Column("chosen_score", sa.Double(), nullable=True),
        sa.Column("rejected_score", sa.Double(), nullable=True),
        sa.Column("decided", sa.Boolean(), nullable=False),
        sa.Column("withdrawn", time, nullable=True),
        sa.Column("withdrawn_by", sa.String(length=320), nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_review_dataset_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_review_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index(op.f("ix_review_dataset_id_id"), "review", ["dataset_id", "id"], unique=False)
