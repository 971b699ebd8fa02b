"""Which labels does a classifier contradict?"""

from typing import NamedTuple

import numpy as np

from medlstm.checks import check_every_class, check_probabilities


class Suspects(NamedTuple):
    """What confident learning makes of given labels."""

    thresholds: np.ndarray
    """(K,) How probable a class must be for an image to count for it."""
    joint: np.ndarray
    """int64 (K, K) Images by the label they were given (row) and the class they count for (column)."""
    mask: np.ndarray
    """bool (N,) Images that count for another class than their label's, which is also not their most probable one."""


def suspects(given, probabilities):
    """Labels that are probably wrong, by confident learning (Northcutt, Jiang and Chuang 2021).

    An image counts for a class if it is at least as probable as the class is, on average, for the images that were
    given it; if that holds of several classes, for the most probable of them; if of none, for none. The last
    condition of ``mask`` is not in the article; its authors' program, cleanlab, adds it.

    Parameters
    ----------
    given : array of integers (N,)
        The label of each image; each class must occur.
    probabilities : array (N, K)
        Predicted by networks that were not trained on the image in question.

    Returns
    -------
    Suspects

    Raises
    ------
    TypeError, ValueError
        If shapes or kinds do not fit, rows do not sum to 1, or a class is missing from `given`.
    """
    check_probabilities("probabilities", probabilities, ("N", "K"))
    images, classes = probabilities.shape
    check_every_class(given, images, classes)
    thresholds = np.array([probabilities[given == k, k].mean() for k in range(classes)])
    enough = probabilities >= thresholds
    counts_for = np.where(enough, probabilities, -1).argmax(axis=1)
    counted = enough.any(axis=1)
    joint = np.zeros((classes, classes), int)
    np.add.at(joint, (given[counted], counts_for[counted]), 1)
    own = probabilities[np.arange(images), given]
    return Suspects(thresholds, joint, counted & (counts_for != given) & (own < probabilities.max(axis=1)))
