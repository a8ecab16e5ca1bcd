"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

# A migration stands for itself: it must not change when `tables.py` does.
text = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")
time = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql")
number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
json = sa.JSON(none_as_null=True)


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", number, nullable=False),
        sa.Column("at", time, nullable=False),
        sa.Column("who", sa.String(length=320), nullable=False),
        sa.Column("what", sa.String(length=80), nullable=False),
        sa.Column("subject", text, nullable=False),
        sa.Column("details", json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index(op.f("ix_audit_event_at"), "audit_event", ["at"], unique=False)
    op.create_index(op.f("ix_audit_event_what"), "audit_event", ["what"], unique=False)
    op.create_table(
        "dataset",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("source_name", text, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made", time, nullable=False),
        sa.Column("made_by", sa.String(length=320), nullable=False),
        sa.Column("leads", sa.BigInteger(), nullable=False),
        sa.Column("converted", sa.BigInteger(), nullable=True),
        sa.Column("open_leads", sa.BigInteger(), nullable=False),
        sa.Column("newest", time, nullable=True),
        sa.Column("schema", json, nullable=False),
        sa.Column("shown", json, nullable=False),
        sa.Column("report", json, nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("label", text, nullable=False),
        sa.Column("request", json, nullable=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("phase", text, nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("seconds_left", sa.Double(), nullable=True),
        sa.Column("figures", json, nullable=False),
        sa.Column("message", text, nullable=False),
        sa.Column("result", json, nullable=True),
        sa.Column("created", time, nullable=False),
        sa.Column("started", time, nullable=True),
        sa.Column("ended", time, nullable=True),
        sa.Column("heartbeat", time, nullable=True),
        sa.Column("pid", sa.BigInteger(), nullable=True),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("active_key", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("active_key", name=op.f("uq_job_active_key")),
    )
    op.create_index(op.f("ix_job_created"), "job", ["created"], unique=False)
    op.create_index(op.f("ix_job_kind"), "job", ["kind"], unique=False)
    op.create_index(op.f("ix_job_state"), "job", ["state"], unique=False)
    op.create_table(
        "person",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("email", name=op.f("pk_person")),
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("suffix", sa.String(length=16), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made", time, nullable=False),
        sa.Column("made_by", sa.String(length=320), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_table(
        "job_event",
        sa.Column("id", number, nullable=False),
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("at", time, nullable=False),
        sa.Column("phase", text, nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("figures", json, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_event_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_event")),
    )
    op.create_index(op.f("ix_job_event_job_id_id"), "job_event", ["job_id", "id"], unique=False)
    op.create_table(
        "lead_action",
        sa.Column("id", number, nullable=False),
        sa.Column("dataset_id", sa.String(length=32), nullable=False),
        sa.Column("lead_id", text, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("note", text, nullable=False),
        sa.Column("assigned_to", sa.String(length=320), nullable=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.Column("at", time, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_lead_action_dataset_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_action")),
    )
    op.create_index(op.f("ix_lead_action_dataset_id_id"), "lead_action", ["dataset_id", "id"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("dataset_id", sa.String(length=32), nullable=True),
        sa.Column("made", time, nullable=False),
        sa.Column("made_by", sa.String(length=320), nullable=False),
        sa.Column("card", json, nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("slot", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_run_dataset_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("slot", name=op.f("uq_run_slot")),
    )
    op.create_index(op.f("ix_run_dataset_id"), "run", ["dataset_id"], unique=False)
    op.create_table(
        "scoring",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("dataset_id", sa.String(length=32), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("made", time, nullable=False),
        sa.Column("made_by", sa.String(length=320), nullable=False),
        sa.Column("leads", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_scoring_dataset_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_scoring_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scoring")),
        sa.UniqueConstraint("slot", name=op.f("uq_scoring_slot")),
    )
    op.create_index(op.f("ix_scoring_dataset_id"), "scoring", ["dataset_id"], unique=False)
    op.create_index(op.f("ix_scoring_run_id"), "scoring", ["run_id"], unique=False)
