"""How likely networks are to train at all, from those that did or failed."""

import numpy as np
from scipy.special import expit

from nas.search.samplers.codes import Rows


def survival(at: Rows, trained: Rows, failed: Rows) -> Rows:
    """Return the chance of each network (M,) to train, by naive Bayes.

    A single gene often is the reason, a kernel that takes too much memory say; so each
    feature is judged by itself.

    Args:
        at: (M, F) features within [0, 1].
        trained: (N, F) those of networks that trained.
        failed: (K, F) those of networks that didn't.
    """
    odds = (len(trained) + 1) / (len(failed) + 1)
    present = np.log((trained.sum(axis=0) + 1) / (len(trained) + 2)) - np.log(
        (failed.sum(axis=0) + 1) / (len(failed) + 2)
    )
    return np.asarray(expit(np.log(odds) + at @ present))
