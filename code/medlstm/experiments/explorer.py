"""Which small networks run in the page `explorer`? One layer of each of four cells on digits, one on chests.

In Keras, with the cell exactly as `medlstm.cells` prints it: a recurrent layer that reads the rows, and a dense layer
on its last hidden state. Training images are moved by up to two pixels, since a digit that a reader draws does not
sit where those of MNIST do. Judged on other images of the training set (digits), or the validation set (chests); the
test images play no part.
"""

import time
from typing import NamedTuple

import numpy as np

from medlstm.datasets import checksums, content_checksum, load_medmnist, load_mnist, scaled, shift
from medlstm.evaluation import accuracy
from medlstm.experiments.runner import Outcome, row
from medlstm.files import whole_file

SETTINGS = {
    "units": 64,
    "epochs": {"mnist": 10, "pneumoniamnist": 40},
    "batch_size": 128,
    "pixels": 2,
    "held_out": 5000,
    "images": None,
}
QUICK = {"units": 8, "epochs": {"mnist": 1}, "images": 256, "held_out": 128}
DIGIT_CELLS = ("standard", "no_forget", "article", "softmax_output")


class Weights(NamedTuple):
    """A recurrent layer and a dense one, by name."""

    arrays: dict

    def save(self, path):
        with whole_file(path) as part, part.open("wb") as file:
            np.savez(file, **self.arrays)


def data():
    return checksums("mnist") | {"pneumoniamnist": content_checksum("pneumoniamnist")}


def jobs(seeds):
    models = [("mnist", f"digits_{cell}") for cell in DIGIT_CELLS] + [("pneumoniamnist", "chests_standard")]
    return [
        {"dataset": dataset, "model": model, "recurrent": True, "seed": seed}
        for seed in range(seeds)
        for dataset, model in models
    ]


def run(job, settings):
    import keras

    from medlstm.keras_models import cell_layer

    (x, y), (x_val, y_val) = _parts(job["dataset"], settings)
    keras.utils.set_random_seed(job["seed"])
    layer = cell_layer(job["model"].split("_", 1)[1], settings["units"])
    head = keras.layers.Dense(int(y.max()) + 1, activation="softmax")
    model = keras.Sequential([keras.Input(x.shape[1:]), layer, head])
    model.compile("adam", "sparse_categorical_crossentropy")
    rng, losses, start = np.random.default_rng(job["seed"]), [], time.perf_counter()
    for _ in range(settings["epochs"][job["dataset"]]):
        moved = shift(x, rng, settings["pixels"])
        losses += model.fit(moved, y, batch_size=settings["batch_size"], verbose=0).history["loss"]
    seconds = time.perf_counter() - start

    predicted = model.predict(x_val, verbose=0).argmax(axis=1)
    figures = {"accuracy": accuracy(y_val, predicted).value}
    arrays = {weight.name: weight.numpy() for weight in layer.weights}
    arrays |= {f"head/{weight.name}": weight.numpy() for weight in head.weights}
    outcome = row(model.count_params(), seconds, losses, validation=figures)
    return Outcome(outcome, predicted.astype(np.uint8), Weights(arrays))


def _parts(dataset, settings):
    """Images and labels to learn from, and others to judge by."""
    if dataset == "mnist":
        (x, y), _ = load_mnist()
        cut = len(x) - settings["held_out"]
        x, parts = scaled(x), (slice(0, cut), slice(cut, None))
        train, held = ((x[part], y[part].astype(np.int64)) for part in parts)
    else:
        splits = load_medmnist(dataset)
        train, held = ((scaled(part.images), part.labels.astype(np.int64)) for part in (splits.train, splits.val))
    images = settings["images"]
    return (train[0][:images], train[1][:images]), held
