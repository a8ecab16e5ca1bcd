"""Work that runs when a button is pressed, outside the page, where no `guard` can turn its errors into words."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable

from core.errors import LeadRankError, without_folders

log = logging.getLogger(__name__)


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
