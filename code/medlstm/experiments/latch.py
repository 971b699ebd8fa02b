"""Can it remember? The class is shown in the first step; after it comes noise, and the question.

First the fast LSTM with different starts of its forget bias, over 28 and over 100 steps; then each
cell of `CELLS` in Keras over 28 steps, with the bias of the gate that keeps at 3 where there is one.
Every batch is drawn anew, so no sequence is seen twice.
"""

import time

import numpy as np

from medlstm.cells import CELLS, keep
from medlstm.datasets import drawn_checksum, latch
from medlstm.evaluation import accuracy
from medlstm.experiments.runner import Outcome, row
from medlstm.network import SequenceClassifier
from medlstm.optimizers import Adam

SETTINGS = {
    "units": 32,
    "classes": 4,
    "noise": 0.5,
    "batches": 1500,
    "batch_size": 64,
    "learning_rate": 0.003,
    "clip_norm": 1.0,
    "validation_sequences": 2000,
    "keep": 3.0,
}
QUICK = {"batches": 10, "units": 4, "validation_sequences": 100}

BIASES = (0, 1, 3, 5)
LENGTHS = (28, 100)


def data():
    return {"latch": drawn_checksum(latch, 8, 28)}


def jobs(seeds):
    lstm = [
        {"dataset": f"latch_{steps}", "model": f"forget_bias_{bias}", "recurrent": True, "seed": seed}
        for seed in range(seeds)
        for steps in LENGTHS
        for bias in BIASES
    ]
    cells = [
        {"dataset": "latch_28", "model": name, "recurrent": True, "seed": seed}
        for seed in range(min(seeds, 3))
        for name in CELLS
    ]
    return lstm + cells


def run(job, settings):
    steps = int(job["dataset"].removeprefix("latch_"))
    draw = lambda count, rng: latch(count, steps, rng, settings["classes"], settings["noise"])
    x, y = draw(settings["validation_sequences"], np.random.default_rng(10**6))
    rng = np.random.default_rng([job["seed"], 1])  # not the stream that the weights are drawn from
    batches = (draw(settings["batch_size"], rng) for _ in range(settings["batches"]))
    train = _train_keras if job["model"] in CELLS else _train_numpy

    start = time.perf_counter()
    losses, predicted, parameters = train(job, settings, batches, x)
    seconds = time.perf_counter() - start
    figures = row(
        parameters,
        seconds,
        [part.mean() for part in np.array_split(losses, 10)],
        validation={"accuracy": accuracy(y, predicted).value},
    )
    return Outcome(figures, predicted.astype(np.uint8))


def _train_numpy(job, settings, batches, x):
    optimizer = Adam(settings["learning_rate"], clip_norm=settings["clip_norm"])
    classes = settings["classes"]
    network = SequenceClassifier(classes, (settings["units"],), classes, job["seed"], optimizer)
    bias = network.lstms[0].bias.reshape(4, -1)
    bias[1] = float(job["model"].removeprefix("forget_bias_"))
    losses = [network.train_on_batch(*batch) for batch in batches]
    return losses, network.predict(x).argmax(axis=1), network.count_params()


def _train_keras(job, settings, batches, x):
    import keras

    from medlstm import keras_models

    keras.utils.set_random_seed(job["seed"])
    layer = keras_models.cell_layer(job["model"], settings["units"])
    model = keras.Sequential(
        [keras.Input(x.shape[1:]), layer, keras.layers.Dense(settings["classes"], activation="softmax")]
    )
    bias = layer.cell.bias.numpy()
    keep(job["model"], bias, settings["keep"])
    layer.cell.bias.assign(bias)
    optimizer = keras.optimizers.Adam(settings["learning_rate"], global_clipnorm=settings["clip_norm"])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    losses = [model.train_on_batch(*batch) for batch in batches]
    return losses, model.predict(x, verbose=0).argmax(axis=1), model.count_params()
