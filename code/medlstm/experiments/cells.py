"""Does accuracy tell a misprinted cell from an LSTM? The same network with each cell of `CELLS`.

One recurrent layer and a dense layer, in Keras, on the rows of 10,000 training digits; judged on
5,000 other training digits. The test set plays no part.
"""

import time

import numpy as np

from medlstm.cells import CELLS
from medlstm.datasets import checksums, load_mnist, scaled
from medlstm.evaluation import accuracy
from medlstm.experiments.runner import Outcome, row

SETTINGS = {"units": 64, "epochs": 8, "batch_size": 64, "train_images": 10000, "validation_images": 5000}
QUICK = {"epochs": 1, "train_images": 256, "validation_images": 128, "units": 8}


def data():
    return checksums("mnist")


def jobs(seeds):
    return [
        {"dataset": "mnist", "model": model, "recurrent": True, "seed": seed}
        for seed in range(seeds)
        for model in CELLS
    ]


def run(job, settings):
    import keras

    from medlstm import keras_models

    (x, y), _ = load_mnist()  # the test set is dropped here
    x, y = scaled(x), y.astype(np.int64)
    train = slice(settings["train_images"])
    held_out = slice(len(x) - settings["validation_images"], None)

    keras.utils.set_random_seed(job["seed"])
    layer = keras_models.cell_layer(job["model"], settings["units"])
    model = keras.Sequential([keras.Input((28, 28)), layer, keras.layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    start = time.perf_counter()
    history = model.fit(x[train], y[train], epochs=settings["epochs"], batch_size=settings["batch_size"], verbose=0)
    seconds = time.perf_counter() - start

    predicted = model.predict(x[held_out], verbose=0).argmax(axis=1)
    figures = row(
        model.count_params(),
        seconds,
        history.history["loss"],
        validation={"accuracy": accuracy(y[held_out], predicted).value},
    )
    return Outcome(figures, predicted.astype(np.uint8))
