"""Why did it say so? What a trained network computes on the way to its answer, and what its answer rests on."""

from medlstm.explanation.attributions import evidence, integrated_gradients, occlude_rows, trace
from medlstm.explanation.faithfulness import with_shuffled_weights
from medlstm.explanation.networks import Explainable, KerasNetwork

__all__ = [
    "Explainable",
    "KerasNetwork",
    "evidence",
    "integrated_gradients",
    "occlude_rows",
    "trace",
    "with_shuffled_weights",
]
