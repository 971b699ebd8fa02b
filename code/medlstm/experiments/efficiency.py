"""What does a smaller network cost, and what does a network save that has learned something else before?

Two large networks, LSTM(128), LSTM(64): the stored one of `mnist_rows`, and one trained here on PneumoniaMNIST.
Each is pruned and trained on, and taught to a pupil of a tenth of its size, LSTM(40), beside the controls: weights
removed at random, and the same pupil with labels alone, in the same loop with the same seed.

On PneumoniaMNIST, too: a network that has read digits, or ultrasound images of breasts, or 2,000 other chests with
the same labels (the control: it must help), before it sees 25 to 800 labelled chests; beside one that starts afresh
and beside logistic regression on the same chests. In ``frozen-...`` the experienced network is not trained on; a
logistic regression reads its last state. These were added after the test images had been judged, when the control
turned out to help little.

The choices were made on the validation images of PneumoniaMNIST with two or three seeds (mean AUC). Large: 15 epochs
at 0.001 .994; 10 epochs at 0.002 .993; 20 epochs at 0.002 .991. Pupil, 20 epochs at a constant 0.002: labels alone
.990; temperature 1, 2 and 4 with trust 0.5 .989, .989 and .988; 2 and 4 with trust 0.9 .988 and .991, which was
taken. Few labels, 50, 200 and 800 chests: afresh .915 at a rate of 0.001 and .927 at 0.0003, after digits .921 and
.910, after breasts .915 and .916; the better rate of each was taken. Logistic regression, strength 0.0001 to 0.1 in
steps of ten: .904, .955, .971, .974; the last was taken. The rate after other chests was set without a try.
For digits the settings of the pupil were taken over without a try. Training on after pruning was set to two epochs at
0.0005 without a try; when the test accuracies of the first runs on digits showed that this is too little, those runs
were thrown away, and 0.002 and more epochs were chosen on training digits. The test images are used once a run, after
the last step.

Two controls were added after all of these had been judged. ``pruned_0`` is trained on with nothing removed, since a
pruned network came out above the one it was made of. ``longer_90`` and ``longer_95`` are trained on with the epochs,
the rate and the batches of the pupil, since a pupil had been trained on digits for 10 epochs, the pruned for 3. They
take over those settings without a try.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from medlstm.compression import HoldZeros, distil, pruned, with_kernels
from medlstm.datasets import checksums, content_checksum, load_medmnist, load_mnist, scaled
from medlstm.evaluation import accuracy, auc
from medlstm.experiments.runner import Outcome, row
from medlstm.experiments.training import epochs_for, learn
from medlstm.files import DATA
from medlstm.network import SequenceClassifier
from medlstm.optimizers import Adam

LARGE, SMALL = (128, 64), (40,)
SETTINGS = {
    "large": {"epochs": 15, "learning_rate": 0.001, "batch_size": 64},
    "pupil": {"learning_rate": 0.002, "temperature": 4.0, "trust": 0.9, "batch_size": 64},
    "pupil_epochs": {"mnist": 10, "pneumoniamnist": 20},
    "trained_on": {"learning_rate": 0.002, "batch_size": 128},
    "trained_on_epochs": {"mnist": 3, "pneumoniamnist": 20},
    "few": {"steps": 300, "batch_size": 32, "logistic_c": 0.1},
    "rates": {"afresh": 0.0003, "digits": 0.001, "breasts": 0.0003, "chests": 0.0003},
    "images": None,
}
QUICK = {
    "large": {"epochs": 1, "learning_rate": 0.001, "batch_size": 64},
    "pupil_epochs": {"mnist": 1, "pneumoniamnist": 1},
    "trained_on_epochs": {"mnist": 1, "pneumoniamnist": 1},
    "images": 256,
}
SHARES = (80, 90, 95)  # per cent of the weights that are removed
LABELS = (25, 50, 100, 200, 400, 800)
STARTS = ("afresh", "digits", "breasts", "chests")
FROZEN = ("frozen-digits", "frozen-breasts", "frozen-chests")
KEPT = (  # the networks of seed 0 whose weights are stored
    ("mnist", "pupil_labels"),
    ("mnist", "longer_90"),
    ("pneumoniamnist", "large"),
    ("pneumoniamnist", "pupil_taught"),
)
OTHERS = 2000  # chests with labels that `chests` has seen before; none of them is among the few


def data():
    return checksums("mnist") | {name: content_checksum(name) for name in ("pneumoniamnist", "breastmnist")}


def jobs(seeds):
    smaller = ["pupil_labels", "pupil_taught", *(f"pruned_{share}" for share in SHARES), "random_90"]
    few = [f"{start}_{count}" for start in (*STARTS, "logistic", *FROZEN) for count in LABELS]
    parts = [
        ("mnist", smaller, 3),
        ("pneumoniamnist", ["large", *smaller], 3),
        ("pneumoniamnist", few, 5),
        ("mnist", ["pruned_0", "longer_90", "longer_95"], 3),
        ("pneumoniamnist", ["pruned_0"], 3),
    ]
    return [
        {"dataset": dataset, "model": model, "recurrent": not model.startswith("logistic"), "seed": seed}
        for dataset, names, most in parts
        for seed in range(min(seeds, most))
        for model in names
    ]


class Learned(NamedTuple):
    """What a run has trained."""

    say: Callable
    """Rows (N, 28, 28) to probabilities (N, K)."""
    parameters: int
    losses: list
    network: SequenceClassifier | None = None


def run(job, settings):
    (x, y), (x_test, y_test) = load(job["dataset"], settings["images"])
    kind, _, detail = job["model"].partition("_")
    way = few_labels if detail.isdigit() and kind not in ("pruned", "random", "longer") else compressed
    start = time.perf_counter()
    learned = way(kind, detail, x, y, job, settings)
    seconds = time.perf_counter() - start
    said = learned.say(x_test)
    predicted = said.argmax(axis=1)
    figures = {"accuracy": accuracy(y_test, predicted).value}
    if job["dataset"] != "mnist":
        figures |= {"auc": auc(y_test, said)}
    answers = predicted.astype(np.uint8) if job["dataset"] == "mnist" else said[:, 1].astype(np.float32)
    kept = learned.network if (job["dataset"], job["model"]) in KEPT else None
    return Outcome(row(learned.parameters, seconds, learned.losses, test=figures), answers, kept)


def of_network(network, losses):
    return Learned(network.predict, network.count_params(), losses, network)


def of_regression(fitted, features):
    return Learned(lambda x: fitted.predict_proba(features(x)), fitted.coef_.size + 1, [])


def load(name, count=None):
    """Rows, and labels, of the training and the test images; those of MedMNIST standardised."""
    if name == "mnist":
        return [(scaled(images, count), labels[:count].astype(np.int64)) for images, labels in load_mnist()]
    splits = load_medmnist(name)
    pixels = scaled(splits.train.images)
    return [
        ((scaled(split.images, count) - pixels.mean()) / pixels.std(), split.labels[:count])
        for split in (splits.train, splits.test)
    ]


def compressed(kind, detail, x, y, job, settings):
    """A large network, or a smaller one made of it, with its losses."""
    large, losses = large_network(x, y, job, settings)
    if kind == "large":
        return of_network(large, losses)
    if kind == "pupil":
        return of_network(*pupil(large, detail == "taught", x, y, job, settings))
    rng = np.random.default_rng(job["seed"]) if kind == "random" else None
    thin = with_kernels(large, pruned, int(detail) / 100, rng, seed=job["seed"])
    thin.optimizer = HoldZeros(Adam(clip_norm=1.0))
    epochs, how = settings["trained_on_epochs"][job["dataset"]], settings["trained_on"]
    if kind == "longer":
        epochs = settings["pupil_epochs"][job["dataset"]]
        how = {name: settings["pupil"][name] for name in ("learning_rate", "batch_size")}
    return of_network(thin, learn(thin, x, y, epochs, **how))


def large_network(x, y, job, settings):
    """The stored network of `mnist_rows`; or one that is trained on chests, with its losses."""
    if job["dataset"] == "mnist":
        return SequenceClassifier.load(DATA / "weights" / "mnist_rows_numpy_article.npz"), []
    network = SequenceClassifier(28, LARGE, 2, job["seed"], Adam(clip_norm=1.0))
    return network, learn(network, x, y, **settings["large"])


def pupil(large, taught, x, y, job, settings):
    """A tenth of the weights, trained on labels alone, or on what the large network says as well."""
    own, seed = settings["pupil"], job["seed"]
    small = SequenceClassifier(28, SMALL, large.classes, seed, Adam(own["learning_rate"], clip_norm=1.0))
    trust, epochs = own["trust"] if taught else 0.0, settings["pupil_epochs"][job["dataset"]]
    losses = distil(small, x, y, large.predict(x), epochs, own["temperature"], trust, own["batch_size"], seed)
    return small, losses


def few_labels(start, count, x, y, job, settings):
    """What can be learned from a few labelled chests by who has seen other images, or none."""
    chosen = drawn(len(x), int(count), job["seed"])
    few, labels = x[chosen], y[chosen]
    if start == "logistic":
        pixels, strength = lambda x: x.reshape(len(x), -1), settings["few"]["logistic_c"]
        return of_regression(LogisticRegression(C=strength, max_iter=2000).fit(pixels(few), labels), pixels)
    frozen, _, seen = start.rpartition("-")
    network = SequenceClassifier(28, LARGE, 2, job["seed"], Adam(clip_norm=1.0))
    before = experienced(seen, x, y, job["seed"], settings)
    if frozen:
        fitted = LogisticRegression(max_iter=2000).fit(before.last_states(few), labels)
        return of_regression(fitted, before.last_states)
    if before is not None:
        for name, array in network.parameters.items():
            array[...] = array if name.startswith("head") else before.parameters[name]
    return of_network(network, few_steps(network, few, labels, settings, seen))


def experienced(seen, x, y, seed, settings):
    """A network of the large kind that has learned from other images; None from none."""
    if seen == "afresh":
        return None
    if seen == "digits":
        return SequenceClassifier.load(DATA / "weights" / "mnist_rows_numpy_article.npz")
    network = SequenceClassifier(28, LARGE, 2, seed, Adam(clip_norm=1.0))
    others = drawn(len(x), None, seed)[-OTHERS:]
    few_steps(network, *(load("breastmnist")[0] if seen == "breasts" else (x[others], y[others])), settings, seen)
    return network


def drawn(images, count, seed):
    """Which images are labelled: the same for every start, and each smaller number within the larger ones."""
    return np.random.default_rng(seed).permutation(images)[:count]


def few_steps(network, x, y, settings, start):
    """Train for about as many steps however few the images are."""
    few = settings["few"]
    epochs = epochs_for(few["steps"], len(x), few["batch_size"])
    return learn(network, x, y, epochs, settings["rates"][start], few["batch_size"])
