"""Which figures does a run report, and what did validation images decide before?"""

from scipy.special import softmax

from medlstm.evaluation.calibration import brier, calibration_error, temperature
from medlstm.evaluation.classification import accuracy, quadratic_kappa
from medlstm.evaluation.decisions import operating_point, sensitivity_specificity
from medlstm.evaluation.ranking import auc


def choices(logits, labels, positive=None):
    """What validation images decide: the temperature and, with two classes, the threshold.

    Parameters
    ----------
    logits : array (N, K)
    labels : array of integers (N,)
    positive : {0, 1}, optional
        Which of two classes is the positive one.

    Returns
    -------
    dict of float
        ``temperature`` and perhaps ``threshold``, as `performance` takes them.
    """
    chosen = {"temperature": temperature(logits, labels)}
    if logits.shape[1] == 2:
        chosen["threshold"] = operating_point(labels, softmax(logits, axis=1)[:, positive], positive)
    return chosen


def performance(logits, labels, positive=None, *, temperature, threshold=None):
    """All figures of one split, as plain numbers.

    Parameters
    ----------
    logits : array (N, K)
    labels : array of integers (N,)
    positive : {0, 1}, optional
        Which of two classes is the positive one.
    temperature, threshold : float
        The `choices` of other images. Without a threshold the classes are taken for ordered grades.

    Returns
    -------
    dict of float
        ``auc``, ``accuracy``, ``brier`` and ``ece`` as they come and, ending in ``_scaled``, after division
        by the temperature; then ``sensitivity``, ``specificity`` and ``balanced_accuracy`` at the threshold, or
        ``kappa``.
    """
    raw, cooled = softmax(logits, axis=1), softmax(logits / temperature, axis=1)
    predicted = raw.argmax(axis=1)
    result = {
        "auc": auc(labels, raw),
        "accuracy": accuracy(labels, predicted).value,
        "brier": brier(labels, raw),
        "brier_scaled": brier(labels, cooled),
        "ece": calibration_error(labels, raw),
        "ece_scaled": calibration_error(labels, cooled),
    }
    if threshold is None:
        return result | {"kappa": quadratic_kappa(labels, predicted)}
    at = sensitivity_specificity(labels, raw[:, positive], threshold, positive)
    return result | {
        "sensitivity": at.sensitivity.value,
        "specificity": at.specificity.value,
        "balanced_accuracy": at.balanced_accuracy,
    }
