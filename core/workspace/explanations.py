"""Where the reasons for one lead's score are kept: by model, and by what was explained."""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import LeadRankError
from core.workspace.ids import checked_id
from core.workspace.store import Workspace


def explanation_path(ws: Workspace, run_id: str, key: str) -> Path:
    """The JSON file, which need not be there yet; its folder is. `key`: sha256 of the lead's content and the head.

    Raises:
        LeadRankError: no model can have that id, or `key` is no sha256.
    """
    folder = ws.folder / "explanations" / checked_id(run_id, "model")
    if not re.fullmatch(r"[0-9a-f]{64}", key):
        raise LeadRankError("an explanation is kept under a sha256 in hexadecimal digits, however: this is none")
    folder.mkdir(exist_ok=True)
    return folder / f"{key}.json"
