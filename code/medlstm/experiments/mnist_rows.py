"""The classic example in full: 60,000 digits read row by row, 10 epochs, no choice made on the way.

The same network, LSTM(128), LSTM(64), Dense(10), with Adam, once in Keras and once in NumPy, and
beside them a small convolutional network as the baseline. The test images are used once a run,
after the last epoch.
"""

import time
from typing import NamedTuple

import numpy as np

from medlstm.datasets import checksums, load_mnist, scaled
from medlstm.evaluation import accuracy
from medlstm.experiments.runner import Outcome, row
from medlstm.network import SequenceClassifier

SETTINGS = {"units": [128, 64], "epochs": 10, "batch_size": 128, "train_images": 60000, "test_images": 10000}
QUICK = {"epochs": 1, "train_images": 512, "test_images": 256}


def data():
    return checksums("mnist")


MODELS = {"numpy_article": True, "keras_article": True, "keras_cnn": False}  # name: recurrent


def jobs(seeds):
    return [
        {"dataset": "mnist", "model": model, "recurrent": recurrent, "seed": seed}
        for seed in range(seeds)
        for model, recurrent in MODELS.items()
    ]


def run(job, settings):
    (x_train, y_train), (x_test, y_test) = load_mnist()
    x_train, y_train = _rows(x_train, y_train, settings["train_images"])
    x_test, y_test = _rows(x_test, y_test, settings["test_images"])
    train = _train_numpy if job["model"] == "numpy_article" else _train_keras

    start = time.perf_counter()
    trained = train(job, x_train, y_train, x_test, settings)
    seconds = time.perf_counter() - start

    predicted = trained.probabilities.argmax(axis=1)
    figures = row(trained.parameters, seconds, trained.losses, test={"accuracy": accuracy(y_test, predicted).value})
    return Outcome(figures, predicted.astype(np.uint8), trained.network)


class Trained(NamedTuple):
    probabilities: np.ndarray
    losses: list
    parameters: int
    network: SequenceClassifier | None


def _train_numpy(job, x, y, x_test, settings):
    network = SequenceClassifier(28, settings["units"], 10, job["seed"])
    history = network.fit(x, y, settings["epochs"], settings["batch_size"], progress=False)
    return Trained(network.predict(x_test), history["loss"], network.count_params(), network)


def _train_keras(job, x, y, x_test, settings):
    from medlstm import keras_models, weights

    name = {"keras_article": "stacked_lstm", "keras_cnn": "small_cnn"}[job["model"]]
    model = keras_models.build(name, (28, 28), 10, job["seed"])
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(x, y, epochs=settings["epochs"], batch_size=settings["batch_size"], verbose=0)
    network = weights.from_keras(model) if job["recurrent"] else None
    return Trained(model.predict(x_test, verbose=0), history.history["loss"], model.count_params(), network)


def _rows(images, classes, count):
    """The first `count` images as sequences of 28 rows, between 0 and 1, with their classes."""
    return scaled(images, count), classes[:count].astype(np.int64)
