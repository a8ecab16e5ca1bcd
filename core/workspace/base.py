"""What all tables of the workspace have in common: their base, and the kinds of their columns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, MetaData, String, Text
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT
from sqlalchemy.orm import DeclarativeBase

from core.workspace.ids import LONGEST_NAME

ID = String(32)
NAME = String(LONGEST_NAME)
WHO = String(320)
"""An e-mail address at its longest."""
TEXT = Text().with_variant(LONGTEXT(), "mysql")
TIME = DateTime().with_variant(DATETIME(fsp=6), "mysql")
NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""Counts up by itself: SQLite does that for plain integers alone."""


class Base(DeclarativeBase):
    """Constraints have names, so that a later migration can change them on any database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: TIME,
        dict[str, Any]: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
        int: BigInteger,
    }
