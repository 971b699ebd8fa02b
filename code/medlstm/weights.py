"""How do weights cross between NumPy and Keras? Unchanged: both keep them in the same layout."""

from medlstm.network import SequenceClassifier


def to_keras(network):
    """A Keras model with the layers and the weights of a `SequenceClassifier`.

    Parameters
    ----------
    network : SequenceClassifier

    Returns
    -------
    keras.Model
        Takes (N, T, D), returns probabilities (N, K); same dtype, same bits in every weight.
    """
    import keras

    dtype = str(network.head.kernel.dtype)
    depth = len(network.lstms)
    model = keras.Sequential(
        [keras.Input((None, network.lstms[0].input_size), dtype=dtype)]
        + [keras.layers.LSTM(lstm.units, return_sequences=k < depth - 1, dtype=dtype)
           for k, lstm in enumerate(network.lstms)]
        + [keras.layers.Dense(len(network.head.bias), activation="softmax", dtype=dtype)])
    model.set_weights(list(network.parameters.values()))
    return model


def from_keras(model):
    """A `SequenceClassifier` with the weights of a Keras model of LSTM layers and one softmax layer.

    Parameters
    ----------
    model : keras.Model
        LSTM layers with the standard activations, then Dense with softmax.

    Returns
    -------
    SequenceClassifier
        Same dtype, same bits in every weight.

    Raises
    ------
    ValueError
        If the model has other layers, or layers with other settings.
    """
    *lstms, head = model.layers
    kinds = [type(layer).__name__ for layer in model.layers]
    if not lstms or kinds != ["LSTM"] * len(lstms) + ["Dense"]:
        raise ValueError("model: expected LSTM layers followed by one Dense layer, "
                         f"got {', '.join(kinds)}; convert only that part of it")
    activations = [a.__name__ for layer in lstms for a in (layer.activation, layer.recurrent_activation)]
    activations.append(head.activation.__name__)
    expected = ["tanh", "sigmoid"] * len(lstms) + ["softmax"]
    unusual = [layer.name for layer in lstms if layer.go_backwards or not layer.use_bias]
    if activations != expected or unusual or not head.use_bias:
        raise ValueError(f"model: expected activations {', '.join(expected)}, forward in time, with bias, "
                         f"got {', '.join(activations)} and unusual layers {unusual}; "
                         "build it with the defaults of Keras")
    arrays = model.get_weights()
    network = SequenceClassifier(arrays[0].shape[0], [layer.units for layer in lstms], head.units,
                                 dtype=arrays[0].dtype)
    for mine, theirs in zip(network.parameters.values(), arrays, strict=True):
        mine[...] = theirs
    return network
