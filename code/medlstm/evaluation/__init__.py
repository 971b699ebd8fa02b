"""How good is it, and how sure are we? Thin functions over SciPy and scikit-learn."""

from medlstm.evaluation.calibration import (
    brier,
    calibration_error,
    calibration_slope,
    prior_shift,
    reliability,
    temperature,
)
from medlstm.evaluation.classification import accuracy, confusion_matrix, dice, quadratic_kappa
from medlstm.evaluation.comparisons import accuracy_difference, holm, mcnemar, mean_difference, mean_interval
from medlstm.evaluation.decisions import net_benefit, operating_point, predictive_values, sensitivity_specificity
from medlstm.evaluation.intervals import Difference, Interval, proportion
from medlstm.evaluation.labels import suspects
from medlstm.evaluation.ranking import auc, auc_difference, auc_interval, auc_pairs
from medlstm.evaluation.report import choices, performance

__all__ = [
    "Difference",
    "Interval",
    "accuracy",
    "accuracy_difference",
    "auc",
    "auc_difference",
    "auc_interval",
    "auc_pairs",
    "brier",
    "calibration_error",
    "calibration_slope",
    "choices",
    "confusion_matrix",
    "dice",
    "holm",
    "mcnemar",
    "mean_difference",
    "mean_interval",
    "net_benefit",
    "operating_point",
    "performance",
    "predictive_values",
    "prior_shift",
    "proportion",
    "quadratic_kappa",
    "reliability",
    "sensitivity_specificity",
    "suspects",
    "temperature",
]
