"""Does an explanation depend on what the network has learned, and does the network depend on what it names?"""

from copy import deepcopy

import numpy as np

from medlstm.checks import check_labels


def with_shuffled_weights(network, layers, rng):
    """A copy of a network with some layers' weights shuffled (Adebayo et al. 2018).

    An explanation that looks the same afterwards did not depend on what the layers had learned.

    Parameters
    ----------
    network : SequenceClassifier
        Left unchanged.
    layers : sequence of str
        Names such as ``lstm_0`` or ``head``; every array of theirs is shuffled within itself.
    rng : numpy.random.Generator

    Returns
    -------
    SequenceClassifier

    Raises
    ------
    ValueError
        If the network has no layer of such a name.
    """
    if unknown := set(layers) - set(network.named_layers):
        raise ValueError(
            f"layers: expected some of {', '.join(network.named_layers)}, "
            f"got {', '.join(sorted(unknown))}; name layers of this network"
        )
    copy = deepcopy(network)
    for name, array in copy.parameters.items():
        if name.split("/")[0] in layers:
            array[...] = rng.permutation(array.ravel()).reshape(array.shape)
    return copy


def delete(network, x, target, scores, counts, fill=0.0):
    """The logit of a class while the squares of an image are covered, the one with the highest score first.

    The deletion curve of Petsiuk, Das and Saenko (2018), by squares. Their insertion curve, on which the squares
    with the highest scores are uncovered first, is this one with the scores negated, read from its end. An image
    with squares covered is none that the network was trained on, whatever covers them.

    Parameters
    ----------
    network : SequenceClassifier, RowsAndColumns, KerasNetwork or LogOdds
    x : array (N, height, width)
        Images.
    target : array of integers (N,)
        The class whose logit is watched.
    scores : array (N, R, C)
        One for each square of height / R by width / C pixels.
    counts : sequence of int
        How many squares are covered.
    fill : float or array that broadcasts to the images
        What covers them.

    Returns
    -------
    array (N, len(counts))

    Raises
    ------
    TypeError, ValueError
        If `target` holds no classes, or the squares do not fit the images.
    """
    check_labels(target, len(x), network.classes, "target")
    squares = scores.shape[1:]
    if len(scores) != len(x) or x.shape[1] % squares[0] or x.shape[2] % squares[1]:
        raise ValueError(
            f"scores: expected one for each square of {len(x)} images of {x.shape[1]} by {x.shape[2]} pixels, "
            f"got the shape {scores.shape}; sum a map over squares with patch_sums"
        )
    place = np.argsort(np.argsort(-scores.reshape(len(x), -1), axis=1, kind="stable"), axis=1).reshape(scores.shape)
    place = np.kron(place, np.ones((1, x.shape[1] // squares[0], x.shape[2] // squares[1]), int))
    everyone = np.arange(len(x))
    return np.stack(
        [network.forward(np.where(place < count, fill, x).astype(x.dtype))[everyone, target] for count in counts],
        axis=1,
    )
