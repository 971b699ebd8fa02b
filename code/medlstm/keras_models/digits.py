"""Which networks read handwritten digits?"""

import keras

from medlstm.checks import check_choice


def stacked_lstm(input_shape, classes):
    """LSTM(128), LSTM(64), Dense(10, softmax): the classic example, 130,442 weights on MNIST rows."""
    return [
        keras.Input(input_shape),
        keras.layers.LSTM(128, return_sequences=True),
        keras.layers.LSTM(64),
        keras.layers.Dense(classes, activation="softmax"),
    ]


def small_cnn(input_shape, classes):
    """Two convolutions with pooling and one dense layer: the baseline that no LSTM here may ignore."""
    return [
        keras.Input(input_shape),
        keras.layers.Reshape((*input_shape, 1)),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(64, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(classes, activation="softmax"),
    ]


NETWORKS = {"stacked_lstm": stacked_lstm, "small_cnn": small_cnn}


def build(name, input_shape, classes, seed):
    """One of the networks above, not compiled.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`.
    input_shape : tuple of int
        Shape of one example, (T, D).
    classes : int
        K, classes to tell apart.
    seed : int
        Decides all randomness from here on: Python's, NumPy's and the framework's.

    Returns
    -------
    keras.Model
        Probabilities (N, K) of examples (N, T, D).

    Raises
    ------
    ValueError
        If there is no network of that name.
    """
    check_choice("name", name, NETWORKS)
    keras.utils.set_random_seed(seed)
    return keras.Sequential(NETWORKS[name](input_shape, classes), name=name)
