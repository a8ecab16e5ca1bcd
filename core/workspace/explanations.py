"""Where reasons are kept: by model, and by what was explained, one lead or many."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

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


def talk_folder(ws: Workspace, run_id: str, dataset_id: str) -> Path:
    """The folder, which need not be there yet, of what moves a model's scores over many leads of a dataset.

    Raises:
        LeadRankError: no model, or no dataset, can have that id.
    """
    return ws.folder / "explanations" / checked_id(run_id, "model") / f"talk-{checked_id(dataset_id, 'dataset')}"


def kept_document(path: Path, made_by: str) -> dict[str, Any] | None:
    """What was kept at `path`; None where nothing was. `made_by`: what makes it anew, such as `explain`.

    Raises:
        LeadRankError: the file is damaged.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:  # neither UTF-8 nor JSON
        raise LeadRankError(
            f"what was kept as '{path.name}' is damaged; remove this file, then {made_by} again"
        ) from error
