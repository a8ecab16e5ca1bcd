"""Work that runs when a button is pressed, outside the page, where no `guard` can turn its errors into words."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable

from core.errors import LeadRankError, without_folders
from core.workspace import people
from core.workspace.audit import note_event
from pages._access import WHO_MAY, sign_in_on, workspace

log = logging.getLogger(__name__)


def noted(make: Callable[[], bytes], who: str, what: str, role: str) -> Callable[[], bytes]:
    """`make`, for whoever still has the role when it runs, which notes itself in the audit trail: on the server, so no
    browser can leave either out.

    Raises:
        LeadRankError: (when it runs) the role of `who` is below `role` by now.
    """
    ws, open_to_all = workspace(), not sign_in_on()

    def making() -> bytes:
        if not open_to_all and not people.allowed(people.role_of(ws, who), role):
            note_event(ws, who, "refused", role, {"download": what})
            raise LeadRankError(
                f"this file is for {WHO_MAY[role]}, and your role is another by now; open the page anew"
            )
        note_event(ws, who, "download", what)
        return make()

    return making


def told(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """`make`, whose errors are fit to be shown: Streamlit shows what a deferred download raises as it is.

    A LeadRankError keeps its words, without folders. Anything else is logged under a reference number, which alone is
    told.
    """

    def making() -> bytes:
        try:
            return make()
        except LeadRankError as error:
            raise LeadRankError(without_folders(str(error))) from error
        except Exception as error:
            reference = uuid.uuid4().hex[:8]
            log.exception("Reference %s", reference)
            raise LeadRankError(
                "the file could not be made, through a mistake of ours; try again, and if it stays, tell your "
                f"administrator the reference {reference}"
            ) from error

    return making
