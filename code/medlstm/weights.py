"""How do weights cross between NumPy, Keras and ONNX?

To Keras unchanged: both keep them in the same layout. ONNX has the gates in another order (input,
output, forget, candidate), one gate a row block, and two biases that are added; the second is zero.
"""

import numpy as np

from medlstm.network import SequenceClassifier

ONNX_ORDER = (0, 3, 1, 2)  # where ONNX's blocks stand in ours
OPSET = 17


def to_keras(network):
    """A Keras model with the layers and the weights of a `SequenceClassifier`.

    Parameters
    ----------
    network : SequenceClassifier

    Returns
    -------
    keras.Model
        Takes (N, T, D), returns probabilities (N, K); same dtype, same bits in every weight.

    Raises
    ------
    TypeError
        If `network` is no `SequenceClassifier`.
    """
    _check_network(network)
    import keras

    dtype = str(network.head.kernel.dtype)
    depth = len(network.lstms)
    model = keras.Sequential(
        [keras.Input((None, network.lstms[0].input_size), dtype=dtype)]
        + [
            keras.layers.LSTM(lstm.units, return_sequences=k < depth - 1, dtype=dtype)
            for k, lstm in enumerate(network.lstms)
        ]
        + [keras.layers.Dense(len(network.head.bias), activation="softmax", dtype=dtype)]
    )
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
    TypeError
        If `model` is no Keras model.
    ValueError
        If the model has other layers, or layers with other settings.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise TypeError(
            "model: expected a keras.Model of LSTM layers and one Dense layer, "
            f"got {type(model).__name__}; pass such a model"
        )
    kinds = [type(layer).__name__ for layer in model.layers]
    *lstms, head = model.layers or [None]
    if not lstms or kinds != ["LSTM"] * len(lstms) + ["Dense"]:
        raise ValueError(
            "model: expected LSTM layers followed by one Dense layer, "
            f"got {', '.join(kinds) or 'none'}; convert only that part of it"
        )
    if not model.built:
        raise ValueError("model: expected a model with weights, got one that was not built; call it on data once")
    activations = [a.__name__ for layer in lstms for a in (layer.activation, layer.recurrent_activation)]
    activations.append(head.activation.__name__)
    expected = ["tanh", "sigmoid"] * len(lstms) + ["softmax"]
    unusual = [
        layer.name
        for layer in lstms
        if layer.go_backwards or layer.stateful or not layer.use_bias or layer.return_sequences == (layer is lstms[-1])
    ] + [head.name] * (not head.use_bias)
    if activations != expected or unusual:
        raise ValueError(
            f"model: expected activations {', '.join(expected)}, forward in time, with bias, stateless, "
            "sequences returned by all LSTM layers but the last, "
            f"got {', '.join(activations)} and other settings in {', '.join(unusual) or 'none'}; "
            "build it with the defaults of Keras"
        )
    arrays = model.get_weights()
    network = SequenceClassifier(
        arrays[0].shape[0], [layer.units for layer in lstms], head.units, dtype=arrays[0].dtype
    )
    for mine, theirs in zip(network.parameters.values(), arrays, strict=True):
        mine[...] = theirs
    return network


def to_onnx(network):
    """The whole network as ONNX, one ``LSTM`` node a layer.

    Parameters
    ----------
    network : SequenceClassifier
        Of dtype float32, the only one that all ONNX runtimes share.

    Returns
    -------
    onnx.ModelProto
        Input ``x`` (N, T, D), output ``probabilities`` (N, K); same bits in every weight.

    Raises
    ------
    TypeError
        If `network` is no `SequenceClassifier`, or has another dtype.
    """
    from onnx import TensorProto, checker, helper, numpy_helper

    _check_network(network)
    if network.head.kernel.dtype != np.float32:
        raise TypeError(f"network: expected dtype float32, got {network.head.kernel.dtype}; build it with that")
    nodes = [helper.make_node("Transpose", ["x"], ["h_0"], perm=(1, 0, 2))]
    arrays = {"zero": np.array([0])}
    for k, lstm in enumerate(network.lstms):
        names = [f"lstm_{k}/{part}" for part in "WRB"]
        arrays |= dict(zip(names, _onnx_arrays(lstm), strict=True))
        nodes.append(helper.make_node("LSTM", [f"h_{k}", *names], [f"y_{k}", f"last_{k}"], hidden_size=lstm.units))
        if lstm is not network.lstms[-1]:
            arrays["one"] = np.array([1])
            nodes.append(helper.make_node("Squeeze", [f"y_{k}", "one"], [f"h_{k + 1}"]))
    arrays |= {f"head/{name}": array for name, array in network.head.parameters.items()}
    nodes += [
        helper.make_node("Squeeze", [f"last_{k}", "zero"], ["last"]),
        helper.make_node("Gemm", ["last", "head/kernel", "head/bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "SequenceClassifier",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", "T", network.lstms[0].input_size))],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ("N", len(network.head.bias)))],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    checker.check_model(model, full_check=True)
    return model


def from_onnx(model):
    """A `SequenceClassifier` with the weights of a model that `to_onnx` made.

    Parameters
    ----------
    model : onnx.ModelProto

    Returns
    -------
    SequenceClassifier
        Same bits in every weight.

    Raises
    ------
    TypeError
        If `model` is no ONNX model.
    ValueError
        If the model has other arrays than such a network.
    """
    from onnx import ModelProto, numpy_helper

    if not isinstance(model, ModelProto):
        raise TypeError(f"model: expected an onnx.ModelProto, got {type(model).__name__}; read a file with onnx.load")
    arrays = {array.name: numpy_helper.to_array(array) for array in model.graph.initializer}
    depth = sum(name.endswith("/R") for name in arrays)
    expected = {"one", "zero", "head/kernel", "head/bias"}
    expected |= {f"lstm_{k}/{part}" for k in range(depth) for part in "WRB"}
    if set(arrays) != expected or not depth:
        raise ValueError(
            "model: expected a model made by weights.to_onnx, got one with the arrays "
            f"{', '.join(sorted(arrays)) or 'of none'}; only such a model can be read back"
        )
    units = [arrays[f"lstm_{k}/R"].shape[2] for k in range(depth)]
    network = SequenceClassifier(arrays["lstm_0/W"].shape[2], units, len(arrays["head/bias"]))
    back = np.argsort(ONNX_ORDER)
    for k, lstm in enumerate(network.lstms):
        W, R, B = (arrays[f"lstm_{k}/{part}"][0] for part in "WRB")
        lstm.kernel, lstm.recurrent_kernel = _reorder(W, back).T, _reorder(R, back).T
        lstm.bias = _reorder(B[: len(W)], back)
    network.head.kernel, network.head.bias = arrays["head/kernel"], arrays["head/bias"]
    return network


def _check_network(network):
    if not isinstance(network, SequenceClassifier):
        raise TypeError(
            f"network: expected a SequenceClassifier, got {type(network).__name__}; "
            "other networks have no twin in Keras or ONNX"
        )


def _onnx_arrays(lstm):
    """W (1, 4H, D), R (1, 4H, H) and B (1, 8H) of one layer, as ONNX lays them out."""
    bias = _reorder(lstm.bias, ONNX_ORDER)
    return [
        np.ascontiguousarray(_reorder(lstm.kernel.T, ONNX_ORDER))[None],
        np.ascontiguousarray(_reorder(lstm.recurrent_kernel.T, ONNX_ORDER))[None],
        np.concatenate([bias, np.zeros_like(bias)])[None],
    ]


def _reorder(rows, order):
    """The four row blocks of an array in another order."""
    return np.concatenate([np.split(rows, 4)[k] for k in order])
