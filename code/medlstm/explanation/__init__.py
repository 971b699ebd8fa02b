"""Why did it say so? What a trained network computes on the way to its answer, and what its answer rests on."""

from medlstm.explanation.attributions import (
    evidence,
    integrated_gradients,
    occlude_patches,
    occlude_rows,
    patch_sums,
    trace,
)
from medlstm.explanation.faithfulness import delete, with_shuffled_weights
from medlstm.explanation.networks import Explainable, KerasNetwork, LogOdds

__all__ = [
    "Explainable",
    "KerasNetwork",
    "LogOdds",
    "delete",
    "evidence",
    "integrated_gradients",
    "occlude_patches",
    "occlude_rows",
    "patch_sums",
    "trace",
    "with_shuffled_weights",
]
