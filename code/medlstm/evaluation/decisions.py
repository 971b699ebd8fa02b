"""Where is the line drawn, and what does an answer then mean?"""

from typing import NamedTuple

import numpy as np
from sklearn import metrics

from medlstm.checks import check_array, check_every_class, check_number
from medlstm.evaluation.intervals import Interval, proportion


class Rates(NamedTuple):
    """How many of the sick, and of the healthy, are recognised; and the mean of the two shares."""

    sensitivity: Interval
    specificity: Interval
    balanced_accuracy: float


class PredictiveValues(NamedTuple):
    """How likely a positive answer means disease, and a negative one health."""

    positive: float
    negative: float


def operating_point(y, score, positive=1):
    """The threshold with the largest sum of sensitivity and specificity (Youden 1950).

    Choose it on validation images. The decision is ``score >= threshold``.

    Parameters
    ----------
    y : array of integers (N,)
        True classes, 0 and 1; both must occur.
    score : array (N,)
        Probability of the positive class.
    positive : {0, 1}
        Which class is the positive one; in BreastMNIST it is 0, malignant.

    Returns
    -------
    float
        Halfway between two neighbouring scores; the highest, if several are equally good. If none
        beats chance, one that is no worse, at last the lowest score: every answer is positive.

    Raises
    ------
    TypeError, ValueError
        If shapes or kinds do not fit, or a class is missing from `y`.
    """
    _check_score(y, score, positive)
    false_alarms, hits, thresholds = metrics.roc_curve(y == positive, score, drop_intermediate=False)
    best = 1 + np.argmax(np.round(hits - false_alarms, 12)[1:])  # the first threshold is infinite
    upper, lower = thresholds[best], thresholds[min(best + 1, len(thresholds) - 1)]
    middle = score.dtype.type(lower + (upper - lower) / 2)
    return float(middle if middle > lower else upper)


def sensitivity_specificity(y, score, threshold, positive=1, confidence=0.95):
    """Shares of the positive and of the negative class that ``score >= threshold`` gets right.

    Parameters
    ----------
    y : array of integers (N,)
        True classes, 0 and 1; both must occur.
    score : array (N,)
        Probability of the positive class.
    threshold : float
        From `operating_point`, on other images than these.
    positive : {0, 1}
        Which class is the positive one; in BreastMNIST it is 0, malignant.
    confidence : float
        Coverage of the two Wilson (1927) intervals.

    Returns
    -------
    Rates
        ``sensitivity`` and ``specificity``, each an `Interval`, and ``balanced_accuracy``.

    Raises
    ------
    TypeError, ValueError
        If shapes or kinds do not fit, or a class is missing from `y`.
    """
    _check_score(y, score, positive)
    sick, alarm = y == positive, score >= threshold
    sensitivity = proportion(int((sick & alarm).sum()), int(sick.sum()), confidence)
    specificity = proportion(int((~sick & ~alarm).sum()), int((~sick).sum()), confidence)
    return Rates(sensitivity, specificity, (sensitivity.value + specificity.value) / 2)


def predictive_values(sensitivity, specificity, prevalence):
    """Bayes' rule: what an answer means where a share `prevalence` of the people is sick.

    Parameters
    ----------
    sensitivity, specificity : float
        From 0 to 1; of an `Interval`, its ``value``.
    prevalence : float or array
        From 0 to 1.

    Returns
    -------
    PredictiveValues
        ``positive`` and ``negative``, shaped like `prevalence`; NaN for an answer never given.

    Raises
    ------
    ValueError
        If a number is not from 0 to 1, or the first two are not one number each.
    """
    shares = {"sensitivity": sensitivity, "specificity": specificity, "prevalence": prevalence}
    for name, share in shares.items():
        if (np.ndim(share) and name != "prevalence") or not np.all(np.clip(share, 0, 1) == share):
            raise ValueError(f"{name}: expected a number from 0 to 1, got {share}; pass a share, not percent")
    sick, well = np.float64(prevalence), 1 - np.float64(prevalence)
    with np.errstate(invalid="ignore"):
        return PredictiveValues(
            sensitivity * sick / (sensitivity * sick + (1 - specificity) * well),
            specificity * well / (specificity * well + (1 - sensitivity) * sick),
        )


def net_benefit(y, score, threshold, prevalence, positive=1):
    """Rightly called less wrongly called at the price that the threshold sets (Vickers and Elkin 2006).

    Whoever acts from a probability t on takes t / (1 - t) needless actions to weigh like one miss.

    Parameters
    ----------
    y : array of integers (N,)
        True classes, 0 and 1; both must occur.
    score : array (N,)
        Probability of the positive class where it has this prevalence; see `prior_shift`.
    threshold : float
        From 0 up to, not including, 1.
    prevalence : float
        Share of the positive class where the scores are used; the sick and the well of there are taken to
        be called as often as those of `y`.
    positive : {0, 1}
        Which class is the positive one.

    Returns
    -------
    float
        At most `prevalence`; 0 for calling nobody.

    Raises
    ------
    TypeError, ValueError
        If shapes, kinds or numbers do not fit, or a class is missing from `y`.
    """
    _check_score(y, score, positive)
    check_number("threshold", threshold, "[0, 1)")
    check_number("prevalence", prevalence, "[0, 1]")
    sick, called = y == positive, score >= threshold
    price = threshold / (1 - threshold)
    return float(prevalence * called[sick].mean() - (1 - prevalence) * price * called[~sick].mean())


def _check_score(y, score, positive):
    """Raise unless `score` holds one number an image, and both classes occur."""
    check_array("score", score, ("N",), dtype=np.float64)
    check_every_class(y, len(score), 2)
    if positive not in (0, 1):
        raise ValueError(f"positive: expected 0 or 1, got {positive}; name the class that the score is for")
