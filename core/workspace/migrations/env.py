"""Alembic runs this with the connection that `core.workspace.upgrade` gives.

A new version of the tables: change `tables.py`, copy the newest file of `versions/`, give it a new `revision` and the
old one as `down_revision`, and write the change into `upgrade`. A test says whether the two agree.
"""

from alembic import context

from core.workspace.tables import Base

if __name__ == "env_py":  # the name that alembic loads it by
    context.configure(
        connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
    )
    with context.begin_transaction():
        context.run_migrations()
