"""How good is it, and how sure are we? Thin functions over SciPy and scikit-learn."""

from medlstm.evaluation.calibration import brier, calibration_error, prior_shift, reliability, temperature
from medlstm.evaluation.classification import accuracy, confusion_matrix, dice, quadratic_kappa
from medlstm.evaluation.comparisons import accuracy_difference, holm, mcnemar
from medlstm.evaluation.decisions import operating_point, predictive_values, sensitivity_specificity
from medlstm.evaluation.intervals import Difference, Interval, proportion
from medlstm.evaluation.ranking import auc, auc_difference, auc_interval
from medlstm.evaluation.report import choices, performance

__all__ = [
    "Difference",
    "Interval",
    "accuracy",
    "accuracy_difference",
    "auc",
    "auc_difference",
    "auc_interval",
    "brier",
    "calibration_error",
    "choices",
    "confusion_matrix",
    "dice",
    "holm",
    "mcnemar",
    "operating_point",
    "performance",
    "predictive_values",
    "prior_shift",
    "proportion",
    "quadratic_kappa",
    "reliability",
    "sensitivity_specificity",
    "temperature",
]
