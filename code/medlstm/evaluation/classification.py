"""How often is the answer right, how near if it is wrong, and how well do outlines agree?"""

import numpy as np
from sklearn import metrics

from medlstm.checks import check_array, check_labels, check_mask
from medlstm.evaluation.intervals import proportion


def accuracy(y, predicted, confidence=0.95):
    """Share of examples whose class was predicted, with its Wilson (1927) score interval.

    Parameters
    ----------
    y, predicted : arrays of integers (N,)
        True and predicted classes.
    confidence : float
        Coverage of the interval. It covers the chance of the draw of these N examples alone, not
        that of the training; for that, train with several seeds.

    Returns
    -------
    Interval
        ``value``, ``low`` and ``high``.

    Raises
    ------
    TypeError, ValueError
        If the arrays are no integers, empty, or of different lengths.
    """
    check_array("y", y, ("N",), kind="i")
    check_array("predicted", predicted, y.shape, kind="i")
    return proportion(int((y == predicted).sum()), len(y), confidence)


def confusion_matrix(y, predicted, classes):
    """Counts (classes, classes): row = true class, column = predicted class.

    Raises
    ------
    TypeError, ValueError
        If the arrays are no integers, empty, of different lengths, or outside 0 to `classes` - 1.
    """
    check_labels(y, len(y), classes)
    check_labels(predicted, len(y), classes, "predicted")
    return metrics.confusion_matrix(y, predicted, labels=np.arange(classes))


def dice(mask, predicted):
    """Overlap of two masks, 2 |A and B| / (|A| + |B|), from 0 to 1 (Dice 1945).

    Parameters
    ----------
    mask, predicted : arrays of bool, of the same shape
        Not both empty.

    Raises
    ------
    ValueError
        If they are no such arrays.
    """
    check_mask("mask", mask, np.shape(mask))
    check_mask("predicted", predicted, mask.shape)
    both = int(mask.sum()) + int(predicted.sum())
    if both == 0:
        raise ValueError("mask, predicted: expected at least one True, got none; leave such examples out")
    return 2 * int((mask & predicted).sum()) / both


def quadratic_kappa(y, predicted):
    """Agreement beyond chance on ordered grades: Cohen's (1968) kappa, errors weighted by distance squared.

    Parameters
    ----------
    y, predicted : arrays of integers (N,)
        True and predicted grades, counted from 0. A grade that nobody has still takes up its place.

    Returns
    -------
    float
        1 for perfect agreement, 0 for what the two frequencies alone would give, below 0 if worse.

    Raises
    ------
    TypeError, ValueError
        If the arrays are no integers, empty, negative, of different lengths, or all one grade.
    """
    check_array("y", y, ("N",), kind="i")
    check_array("predicted", predicted, y.shape, kind="i")
    grades = int(max(y.max(), predicted.max())) + 1
    check_labels(y, len(y), grades)
    check_labels(predicted, len(y), grades, "predicted")
    if min(y.min(), predicted.min()) == grades - 1:
        raise ValueError(
            f"y, predicted: expected two or more grades, got {grades - 1} alone; "
            "kappa is undefined where chance agrees perfectly"
        )
    return float(metrics.cohen_kappa_score(y, predicted, labels=np.arange(grades), weights="quadratic"))
