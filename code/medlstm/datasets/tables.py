"""Numbers about a patient that nobody measured: made columns for a table beside real images.

No real table comes with the sets of this book. A column is drawn from the label, with an information about it that
is known because it was put in. Whatever a network gains from such a column says something about the network, and
nothing about medicine.
"""

import numpy as np
from scipy.stats import norm

from medlstm.checks import check_array, check_number, generator


def covariate(labels, auc, rng):
    """A made number for each patient that tells the two classes apart as well as we say.

    Both classes are normal with standard deviation 1; the means lie `distance(auc)` apart, around 0.

    Parameters
    ----------
    labels : array of integers (N,)
        0 or 1.
    auc : float
        Between 0 and 1: how often the number of a patient of class 1 is above that of one of class 0, in the long
        run; 0.5 for a number that says nothing.
    rng : numpy.random.Generator or int

    Returns
    -------
    array of float32 (N,)

    Raises
    ------
    TypeError, ValueError
        If `labels` are no such integers, or `auc` no number between 0 and 1.
    """
    check_array("labels", labels, ("N",), kind="i")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"labels: expected 0 and 1, got {labels.min()} to {labels.max()}; choose two classes")
    means = distance(auc) * (labels - 0.5)
    return (means + generator(rng).normal(size=len(labels))).astype(np.float32)


def distance(auc):
    """How many standard deviations the means of two normal classes lie apart that have this area.

    The area is the chance that the difference of two such numbers, which has the variance 2, is positive. The log
    odds of class 1 rise by this distance for each unit of the number.
    """
    check_number("auc", auc, "(0, 1)")
    return float(np.sqrt(2) * norm.ppf(auc))
