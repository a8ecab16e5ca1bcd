"""Earlier leads like this one, with what became of them: fields and words, without any model.

    fields, standardised --> cosine --.
                                      mean --> likeness, 0..1 --> the k most alike
    words, TF-IDF --------> cosine ---'

Only leads whose outcome is final are compared, the newest `MOST` of them (`core.workspace.datasets.decided_leads`);
never the lead itself or the same customer.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.data.features import FeatureEncoder
from core.data.leads import Leads
from core.errors import NotComputable
from core.words import lead_text, tf_idf

MOST = 20_000
"""Most leads worth comparing with. Source: ours."""
TERMS = 20_000
"""Most words told apart, by how often they occur. Source: ours."""


def similar_leads(lead: Leads, others: Leads, k: int = 5) -> pd.DataFrame:
    """The `k` of `others` that are most like the one in `lead`, most alike first.

    `others` are leads whose outcome is final: a "no" of last week may still become an order, and tells nothing yet.
    Columns: lead_id; likeness, the mean of the cosines of fields and of words, 0 (nothing in common, or the opposite)
    to 1; converted (1.0 or 0.0); stage, its name, "" where unknown. A lead that says nothing is compared by fields
    alone, and one without fields by words alone. Names count as words: give masked leads where they should not.

    Raises:
        NotComputable: no other customer's lead has a known outcome, or there is nothing to compare.
    """
    strange = (others.roles["customer_id"] != lead.roles["customer_id"].iat[0]).to_numpy(dtype=bool)
    others = others.take(np.flatnonzero(np.isfinite(others.converted) & strange))
    if not len(others):
        raise NotComputable("likeness needs other customers' leads with a known outcome, however: there are none")
    found = [cosine for cosine in (_by_fields(others, lead), _by_words(others, lead)) if cosine is not None]
    if not found:
        raise NotComputable(
            f"lead '{lead.lead_id.iat[0]}' has neither fields that vary nor words that others use; nothing compares"
        )
    likeness = np.clip(np.mean(found, axis=0), 0, 1)
    best = np.lexsort((others.lead_id.to_numpy(dtype=object), -likeness))[:k]
    stages = np.array([*others.schema.funnel.stages, ""], dtype=object)
    return pd.DataFrame(
        {
            "lead_id": others.lead_id.to_numpy(dtype=object)[best],
            "likeness": likeness[best],
            "converted": others.converted[best],
            "stage": stages[others.stage[best]],
        }
    )


def _by_fields(others: Leads, lead: Leads) -> np.ndarray | None:
    """Cosines (n,) of the standardised fields; None where no field varies or the lead is average in all."""
    encoder = FeatureEncoder.fit(others)
    own = encoder.transform(lead)[0]
    size = np.linalg.norm(own)
    if not encoder.width or not size:
        return None
    x = encoder.transform(others)
    return x @ own / np.maximum(np.linalg.norm(x, axis=1) * size, 1e-12)


def _by_words(others: Leads, lead: Leads) -> np.ndarray | None:
    """Cosines (n,) of the words; None where the lead says none that others say."""
    text = lead_text(others)
    words = tf_idf(text, words=1, characters=2, max_features=TERMS)
    try:
        x = words.fit_transform(text)
    except ValueError:  # scikit-learn's word for "no words at all"
        return None
    own = words.transform(lead_text(lead))
    return np.asarray((x @ own.T).todense()).ravel() if own.nnz else None
