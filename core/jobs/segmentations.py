"""Find the segments of a dataset (`segments`): both stages, the proof, and every lead's segment."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from core.data.segment_rules import rules_from_dict
from core.jobs.task import Outcome, Task
from core.workspace.datasets import leads_of
from core.workspace.ids import utc_now
from core.workspace.segmentations import ASSIGNED, segmentation_folder


def find_segments(task: Task) -> Outcome:
    """`segments`: {dataset_id, rules, how: arguments of `Correcting`, hiding: arguments of `Hiding`} -> {corrected}.

    What is found is kept under the job's id, beside what was found before.
    """
    from core.decisions.segments.kept import save_kept
    from core.decisions.segments.recovery import Hiding
    from core.decisions.segments.training import train_segments
    from core.neural.segments.correction import Correcting

    ws, asked = task.ws, task.request
    how = Correcting(**asked.get("how", {}))
    given = asked.get("hiding", {})
    listed: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in given.items()}
    hiding = Hiding(**listed)
    folder = segmentation_folder(ws, asked["dataset_id"], task.job.id)
    leads = leads_of(ws, asked["dataset_id"])
    trained = train_segments(leads, rules_from_dict(asked["rules"]), how, hiding, watch=task.watch)
    task.half_made(folder)
    card = {**trained.card, "made": utc_now().isoformat(), "by": task.by}
    save_kept(folder, replace(trained.kept, card=card))
    part = folder / f"{ASSIGNED}.part"
    trained.assigned.to_parquet(part, index=False)
    os.replace(part, folder / ASSIGNED)
    task.whole()
    return Outcome({"corrected": trained.card["corrected"]})
