"""Does an explanation depend on what the network has learned?"""

from copy import deepcopy


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
