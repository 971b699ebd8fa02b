"""What does a table add to an image, and what does it take away?

1,000 chests of PneumoniaMNIST are trained on, with a table of made numbers (`datasets.tables`): real images, invented
patients. Five tables:

- ``laboratory``: one value with an area of 0.80, in training, validation and test alike;
- ``genes``: 200 values that say nothing;
- ``age``: one value with an area of 0.90 in training and validation, and 0.50 in the test;
- ``laboratory_dropped``: the first, with a second column that says whether the value is missing; in training each
  patient is shown with the value and, as often, without it, in as many steps altogether;
- ``nothing``: one value that says nothing, the control of the first.

Each is joined to the image in three ways, ``early``, ``late`` and ``gated``, and the image alone is trained with the
same seeds. A fourth, ``summed``, was added after the test images had been judged: the table's starting weights in
``late`` are drawn at random and about as large as what they should become, and one run ended with the wrong sign.

Missing values are 0, midway between the groups. Each network is asked about the test patients four times: as they are
(``given``), with half of the values missing (``half``), with all (``missing``), and with the table of another patient
(``swapped``).

All settings are those of `medmnist` for the LSTM over rows, with epochs for as many steps; nothing was tried. A table
is drawn anew for each seed. The test images are used once a run, after the last epoch.
"""

import time

import numpy as np

from medlstm.datasets import content_checksum, covariate, load_medmnist, scaled
from medlstm.evaluation import auc
from medlstm.experiments.runner import Outcome, row

SETTINGS = {
    "train_images": 1000,
    "units": 32,
    "epochs": 40,
    "batch_size": 64,
    "learning_rate": 0.002,
    "weight_decay": 0.001,
    "augmentation": {"angle": 10, "scale": 0.1, "translation": 2, "brightness": 0.1, "contrast": 0.1},
}
QUICK = {"train_images": 64, "units": 4, "epochs": 1}
TABLES = {
    "laboratory": [(0.8, 0.8)],
    "genes": [(0.5, 0.5)] * 200,
    "age": [(0.9, 0.5)],
    "laboratory_dropped": [(0.8, 0.8)],
    "nothing": [(0.5, 0.5)],
}  # name: of each column, its area in training and validation, and in the test
WAYS = ("early", "late", "gated", "summed")
SPLITS = ("train", "validation", "test")


def data():
    return {"pneumoniamnist": content_checksum("pneumoniamnist")}


def jobs(seeds):
    names = ["image", *(f"{way}_{table}" for table in TABLES for way in WAYS)]
    return [
        {"dataset": "pneumoniamnist", "model": name, "recurrent": True, "seed": seed}
        for seed in range(seeds)
        for name in names
    ]


def run(job, settings):
    from scipy.special import softmax

    way, _, name = job["model"].partition("_")
    splits, seed, dropped = load_medmnist("pneumoniamnist"), job["seed"], name.endswith("_dropped")
    chosen = np.random.default_rng(seed).permutation(len(splits.train.labels))[: settings["train_images"]]
    train = splits.train._replace(images=splits.train.images[chosen], labels=splits.train.labels[chosen])
    parts = dict(zip(SPLITS, (train, splits.val, splits.test)))
    tables = {split: table(name or "nothing", split, part.labels, seed) for split, part in parts.items()}
    rng = np.random.default_rng([seed, 9])

    model, losses, seconds = trained(way, dropped, train, tables["train"], seed, rng, settings)
    logits, areas = {}, {}
    for condition, (split, columns) in asked(tables, rng).items():
        shown = [scaled(parts[split].images), columns if dropped else columns[:, :-1]]
        logits[condition] = model.predict(shown, verbose=0)
        areas[condition] = auc(parts[split].labels, softmax(logits[condition], axis=1))
    figures = {"validation": {"auc": areas.pop("validation")}, "test": {"auc": areas.pop("given")} | areas}
    kept = {condition: (each[:, 1] - each[:, 0]).astype(np.float32) for condition, each in logits.items()}
    return Outcome(row(model.count_params(), seconds, losses, **figures), kept)


def trained(way, dropped, split, columns, seed, rng, settings):
    """A network for image and table, or for the image alone; with its losses and its seconds."""
    from medlstm.keras_models import Augmentation, medical, multimodal

    images, labels, epochs = scaled(split.images), split.labels, settings["epochs"]
    model = multimodal.build(
        None if way == "image" else way,
        columns.shape[1] + dropped,
        seed,
        settings["units"],
        augmentation=Augmentation(seed, **settings["augmentation"]),
        mean=float(images.mean()),
        std=float(images.std()),
    )
    if dropped:  # each patient with the table and without it, in as many steps
        columns = np.concatenate([hidden(columns, share, rng) for share in (0.0, 1.0)])
        images, labels, epochs = np.concatenate([images] * 2), np.tile(labels, 2), -(-epochs // 2)
    start = time.perf_counter()
    losses = medical.fit(
        model,
        [images, columns],
        labels,
        epochs,
        settings["batch_size"],
        settings["learning_rate"],
        settings["weight_decay"],
    )
    return model, losses, time.perf_counter() - start


def asked(tables, rng):
    """By condition: the part of the data, and what is shown of its table, with the column of what is missing."""
    test = tables["test"]
    return {
        "validation": ("validation", hidden(tables["validation"], 0.0, rng)),
        "given": ("test", hidden(test, 0.0, rng)),
        "half": ("test", hidden(test, 0.5, rng)),
        "missing": ("test", hidden(test, 1.0, rng)),
        "swapped": ("test", hidden(test[rng.permutation(len(test))], 0.0, rng)),
    }


def table(name, split, labels, seed):
    """The made columns (N, K) of one part of the data."""
    rng = np.random.default_rng([seed, SPLITS.index(split)])
    return np.stack([covariate(labels, areas[split == "test"], rng) for areas in TABLES[name]], axis=1)


def hidden(columns, share, rng):
    """The columns, those of a share of the patients replaced by 0; and a column that says where."""
    away = rng.random((len(columns), 1)) < share
    return np.concatenate([np.where(away, 0, columns), away], axis=1).astype(np.float32)
