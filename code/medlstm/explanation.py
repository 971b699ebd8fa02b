"""Why did it say so? What a trained network computes on the way to its answer."""

import numpy as np

from medlstm.cells import CELLS, run
from medlstm.layers import softmax


def trace(network, x):
    """Every gate and every state of every layer, at every time step.

    Parameters
    ----------
    network : SequenceClassifier
    x : array (N, T, D)

    Returns
    -------
    list of dicts of arrays (N, T, H)
        One dict a layer, from the input upwards, with the keys ``hidden``, ``cell``, ``forget``,
        ``input``, ``candidate`` and ``output``.
    """
    layers = []
    for lstm in network.lstms:
        layers.append(run(CELLS["standard"], x, lstm.parameters)[0])
        x = layers[-1]["hidden"]
    return layers


def evidence(network, x):
    """What the network would answer if the sequence ended after each step.

    Parameters
    ----------
    network : SequenceClassifier
    x : array (N, T, D)

    Returns
    -------
    array (N, T, K)
        Probabilities of the K classes: the read-out applied to the hidden state of each step. It
        was trained on the last step alone; earlier rows are its guess before the end.
    """
    for lstm in network.lstms:
        x, _ = lstm.forward(x)
    return softmax(np.asarray(x) @ network.head.kernel + network.head.bias)
