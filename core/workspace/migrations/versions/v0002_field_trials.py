"""Field trials, and the leads that their people were shown."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"

# A migration stands for itself: it must not change when `tables.py` does.
text = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")
time = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql")
number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
json = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.create_table(
        "trial",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("dataset_id", sa.String(length=32), nullable=False),
        sa.Column("made", time, nullable=False),
        sa.Column("made_by", sa.String(length=320), nullable=False),
        sa.Column("begins", time, nullable=False),
        sa.Column("over", time, nullable=False),
        sa.Column("ends", time, nullable=False),
        sa.Column("protocol", json, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("queues", json, nullable=False),
        sa.Column("people", json, nullable=False),
        sa.Column("stopped", time, nullable=True),
        sa.Column("stopped_by", sa.String(length=320), nullable=False),
        sa.Column("stopped_why", text, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_trial_dataset_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial")),
    )
    op.create_index(op.f("ix_trial_dataset_id"), "trial", ["dataset_id"], unique=False)
    op.create_table(
        "shown",
        sa.Column("id", number, nullable=False),
        sa.Column("trial_id", sa.String(length=32), nullable=False),
        sa.Column("at", time, nullable=False),
        sa.Column("specialist", sa.String(length=320), nullable=False),
        sa.Column("arm", sa.String(length=16), nullable=False),
        sa.Column("scoring_id", sa.String(length=32), nullable=False),
        sa.Column("lead_id", text, nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.ForeignKeyConstraint(["scoring_id"], ["scoring.id"], name=op.f("fk_shown_scoring_id")),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name=op.f("fk_shown_trial_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shown")),
    )
    op.create_index(op.f("ix_shown_trial_id_specialist"), "shown", ["trial_id", "specialist"], unique=False)
