"""Why did it say so? What a trained network computes on the way to its answer."""

import numpy as np

from medlstm.cells import CELLS, run, softmax
from medlstm.checks import check_labels


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

    Raises
    ------
    TypeError
        If the network has other layers than LSTMs, one above the other.
    """
    if not hasattr(network, "lstms"):
        raise TypeError(
            f"network: expected a SequenceClassifier, got {type(network).__name__}; "
            "convert a Keras model of LSTM layers with weights.from_keras"
        )
    layers = []
    for lstm in network.lstms:
        layers.append(run(CELLS["standard"], x, lstm.parameters)[0])
        x = layers[-1]["hidden"]
    return layers


def evidence(network, x):
    """What the network would answer if the sequence ended after each step.

    Parameters
    ----------
    network : SequenceClassifier or KerasNetwork
    x : array (N, T, D)

    Returns
    -------
    array (N, T, K)
        Probabilities of the K classes. The network was trained on whole sequences; what it says of
        their beginnings is its guess before the end.

    Raises
    ------
    TypeError
        If the network cannot be asked before the end.
    """
    if not hasattr(network, "forward_each_step"):
        raise TypeError(
            "network: expected one that can stop after each step, a SequenceClassifier or a KerasNetwork, "
            f"got {type(network).__name__}; use integrated_gradients or occlude_rows instead"
        )
    return softmax(network.forward_each_step(x))


def integrated_gradients(network, x, target, baseline=None, steps=64):
    """How much each entry of x moved the logit of a class (Sundararajan, Taly and Yan 2017).

    The gradient is averaged along the straight line from the baseline to x and multiplied with
    their difference, by the midpoint rule.

    Parameters
    ----------
    network : SequenceClassifier, RowsAndColumns or KerasNetwork
    x : array (N, T, ...)
    target : array of integers (N,)
        The class whose logit is explained.
    baseline : array, optional
        Where the line starts, of any shape that broadcasts to x; zeros unless given.
    steps : int
        Points on the line.

    Returns
    -------
    array (N, T, ...)
        Attributions. The sum of an example's is the logit at x less that at the baseline, up to the
        error of the midpoint rule; see it shrink as `steps` grows.
    """
    baseline = np.zeros_like(x) if baseline is None else np.broadcast_to(baseline, x.shape).astype(x.dtype)
    check_labels(target, len(x), network.classes, "target")
    wanted = np.eye(network.classes, dtype=x.dtype)[target]
    total = np.zeros_like(x)
    for k in range(steps):
        network.forward(baseline + (k + 0.5) / steps * (x - baseline))
        total += network.backward(wanted)
    return (x - baseline) * total / steps


def occlude_rows(network, x, target, fill=0.0, height=1):
    """How far the logit of a class falls when a band of rows is covered (after Zeiler and Fergus 2014).

    Parameters
    ----------
    network : SequenceClassifier, RowsAndColumns or KerasNetwork
    x : array (N, T, ...)
    target : array of integers (N,)
        The class whose logit is watched.
    fill : float or array that broadcasts to an example (T, ...)
        What covers the rows: 0, one row for every place, or an example whose row t covers row t.
    height : int
        Rows in a band.

    Returns
    -------
    array (N, T - height + 1)
        Logit of the target before less that after covering the rows from t to t + height - 1:
        positive where the rows spoke for the class.

    Raises
    ------
    TypeError, ValueError
        If `target` holds no classes, or `height` is not between 1 and T.
    """
    check_labels(target, len(x), network.classes, "target")
    if not 1 <= height <= x.shape[1]:
        raise ValueError(f"height: expected 1 to {x.shape[1]} rows, got {height}; choose one within")
    everyone = np.arange(len(x))
    fill = np.broadcast_to(fill, x.shape[1:])
    whole = network.forward(x)[everyone, target]
    falls = []
    for t in range(x.shape[1] - height + 1):
        covered = x.copy()
        covered[:, t : t + height] = fill[t : t + height]
        falls.append(whole - network.forward(covered)[everyone, target])
    return np.stack(falls, axis=1)


def occlude_patches(network, x, target, fill=0.0, size=4):
    """How far the logit of a class falls when a square of the image is covered (Zeiler and Fergus 2014).

    Parameters
    ----------
    network : SequenceClassifier, RowsAndColumns, KerasNetwork or LogOdds
    x : array (N, height, width)
        Images; `size` must divide both sides.
    target : array of integers (N,)
        The class whose logit is watched.
    fill : float or array that broadcasts to the images
        What covers the squares.
    size : int
        Pixels along a side of a square.

    Returns
    -------
    array (N, height / size, width / size)
        Logit of the target before less that after covering each square alone.

    Raises
    ------
    TypeError, ValueError
        If `target` holds no classes, or `size` does not divide the sides.
    """
    check_labels(target, len(x), network.classes, "target")
    everyone = np.arange(len(x))
    fill = np.broadcast_to(fill, x.shape)
    whole = network.forward(x)[everyone, target]
    falls = np.empty((len(x), *patch_sums(x[:1], size).shape[1:]), x.dtype)
    for r, c in np.ndindex(falls.shape[1:]):
        square = np.s_[:, r * size : (r + 1) * size, c * size : (c + 1) * size]
        covered = x.copy()
        covered[square] = fill[square]
        falls[:, r, c] = whole - network.forward(covered)[everyone, target]
    return falls


def patch_sums(maps, size=4):
    """Sums of maps (N, height, width) over squares of `size` pixels a side: (N, height / size, width / size).

    Raises
    ------
    ValueError
        If `size` does not divide the sides.
    """
    count, height, width = maps.shape
    if size < 1 or height % size or width % size:
        raise ValueError(
            f"size: expected a whole part of {height} and of {width} pixels, got {size}; choose such a one"
        )
    return maps.reshape(count, height // size, size, width // size, size).sum(axis=(2, 4))
