"""Does an explanation find what a network goes by?

PneumoniaMNIST and an LSTM over rows. What is explained are the log odds of
pneumonia; an attribution above zero speaks for it. Where integrated gradients start, and what covers squares, is the
mean training image of the class that the network did not name, unless something else is said: the mean of all training
images is called ill as surely as an ill child is (seen on training images), and compared with it an ill child has
nothing to be explained.

``plain`` is trained on the images as they are; beside it, as the control, a second network from another start, and
copies with shuffled weights. Its explanations are compared, its squares deleted and inserted in several orders, and
its frame looked at. ``keras`` is the same kind of network, from a third start, trained by Keras. ``border``,
``inside`` and ``centre`` are trained where only those pixels differ from the mean image.

``white``, ``dark``, ``grid`` and ``bright`` are trained with a shortcut that we plant in four of five of the ill: a
small square in a corner, white or black; faint upright lines over the whole image; an image a little brighter. Each
stands beside a network that was trained without, with the same seed, and is asked about the same test images.

What was tried, with seed 0, on validation images: a chequerboard and noise over the whole image, which the LSTM hardly
learned; lines of half the strength, which it used less; brightness up by half as much, likewise. That the start
decides whether integrated gradients name the mark was seen there, too; three starts are stored. A CNN with the white
mark was planned and not run, for want of time; nothing else was changed after the first run.
"""

import time

import numpy as np
from scipy.stats import rankdata

from medlstm.datasets import content_checksum, load_medmnist, scaled_parts
from medlstm.evaluation import auc
from medlstm.experiments.runner import Outcome, row
from medlstm.experiments.training import learn
from medlstm.explanation import (
    KerasNetwork,
    LogOdds,
    delete,
    integrated_gradients,
    occlude_patches,
    patch_sums,
    with_shuffled_weights,
)
from medlstm.network import SequenceClassifier
from medlstm.optimizers import Adam

AMPLITUDES = {"grid": 0.02, "bright": 0.1}
SETTINGS = {
    "epochs": 15,
    "units": 64,
    "learning_rate": 0.002,
    "batch_size": 64,
    "steps": 32,
    "share": 0.8,
    "amplitudes": AMPLITUDES,
    "explained": 208,
    "shuffles": 4,
    "orders": 10,
    "counts": [0, 1, 2, 4, 6, 9, 12, 16, 20, 25, 30, 36, 42, 49],
    "images": None,
}
QUICK = {
    "explained": 8,
    "epochs": 1,
    "units": 4,
    "steps": 2,
    "shuffles": 1,
    "orders": 2,
    "counts": [0, 9, 49],
    "images": 128,
}
SHORTCUTS = ("white", "dark", "grid", "bright")
SIDE = 4
POSITIVE = 1


def frame(width=2):
    """Which of the 28 x 28 pixels lie on the outer `width` of each side."""
    mask = np.ones((28, 28), bool)
    mask[width:-width, width:-width] = False
    return mask


def centre():
    """As many pixels as `frame` has, in the middle."""
    mask = np.zeros((28, 28), bool)
    mask[7:20, 6:22] = True
    return mask


MASKS = {"border": frame(), "inside": ~frame(), "centre": centre()}


def plant(images, shortcut):
    """A copy of images (N, 28, 28) from 0 to 1 with a shortcut in every one.

    ``white`` and ``dark`` fill three by three pixels of the upper left square; ``grid`` makes every second column
    brighter and the others darker; ``bright`` makes all brighter. How much, is in `AMPLITUDES`.
    """
    images = images.copy()
    if shortcut in AMPLITUDES:
        sign = np.where(np.arange(images.shape[2]) % 2, 1, -1) if shortcut == "grid" else 1
        return np.clip(images + AMPLITUDES[shortcut] * sign, 0, 1).astype(images.dtype)
    images[:, :3, :3] = {"white": 1, "dark": 0}[shortcut]
    return images


def planted(images, labels, group, shortcut, share, rng):
    """Images with the shortcut in a share of those of one class."""
    chosen = (labels == group) & (rng.random(len(labels)) < share)
    return np.where(chosen[:, None, None], plant(images, shortcut), images)


def data():
    return {"pneumoniamnist": content_checksum("pneumoniamnist")}


def jobs(seeds):
    arms = [(f"lstm_{arm}", 5) for arm in ("plain", "white", "bright", "border", "centre")]
    arms += [(f"lstm_{arm}", 3) for arm in ("keras", "grid", "dark", "inside")]
    return [
        {"dataset": "pneumoniamnist", "model": model, "recurrent": True, "seed": seed}
        for model, most in arms
        for seed in range(min(seeds, most))
    ]


def run(job, settings):
    parts = scaled_parts(load_medmnist(job["dataset"]), settings["images"])
    arm = job["model"].removeprefix("lstm_")
    what = masked if arm in MASKS else shortcut if arm in SHORTCUTS else plain
    return what(arm, parts, job["seed"], settings)


class Reader:
    """A trained network, asked about images from 0 to 1 by their log odds of pneumonia, and explained.

    Parameters
    ----------
    network : Explainable
        Takes standardised images.
    images : array (N, 28, 28)
        What it was trained on; decides how images are standardised, and the mean images.
    labels : array of integers (N,)
        Their classes.
    steps : int
        Points on the line of integrated gradients.
    """

    def __init__(self, network, images, labels, steps):
        self.network, self.odds, self.steps = network, LogOdds(network), steps
        self.mean, self.std, self.mean_image = images.mean(), images.std(), images.mean(axis=0)
        self.class_means = np.stack([images[labels == k].mean(axis=0) for k in (0, 1)])

    def standardised(self, images):
        return ((images - self.mean) / self.std).astype(np.float32)

    def log_odds(self, images):
        return np.concatenate([self.odds.forward(x)[:, POSITIVE] for x in self._parts(self.standardised(images))])

    def other(self, images):
        """For each image, the mean training image of the class that the network does not name."""
        return self.class_means[(self.log_odds(images) <= 0).astype(int)]

    def gradients(self, images, start=None):
        """Integrated gradients (N, 28, 28) of the log odds of pneumonia, from `other` unless told otherwise."""
        start = self.other(images) if start is None else np.broadcast_to(start, images.shape)
        return np.concatenate(
            [
                integrated_gradients(self.odds, x, np.full(len(x), POSITIVE), begin, self.steps)
                for x, begin in zip(*map(self._parts, map(self.standardised, (images, start))))
            ]
        )

    def occlusion(self, images, cover=None):
        """Fall (N, 7, 7) of the log odds of pneumonia when a square shows `other`, or another cover."""
        cover = self.other(images) if cover is None else np.broadcast_to(cover, images.shape)
        return np.concatenate(
            [
                occlude_patches(self.odds, x, np.full(len(x), POSITIVE), fill, SIDE)
                for x, fill in zip(*map(self._parts, map(self.standardised, (images, cover))))
            ]
        )

    def _parts(self, x, size=208):
        return np.split(x, range(size, len(x), size))


def trained(arm, seen, y, seed, settings):
    """A network, trained on the images seen; its losses, its size and the seconds it took."""
    start = time.perf_counter()
    network, losses, parameters = lstm(arm, seen, y, seed, settings)
    return Reader(network, seen, y, settings["steps"]), losses, parameters, time.perf_counter() - start


def lstm(arm, seen, y, seed, settings):
    """An LSTM over rows, trained in NumPy or, from another start, in Keras."""
    start = seed + 200 if arm == "keras" else seed
    network = SequenceClassifier(28, (settings["units"],), 2, start, Adam(clip_norm=1.0))
    x = (seen - seen.mean()) / seen.std()
    if arm != "keras":
        losses = learn(network, x, y, settings["epochs"], settings["learning_rate"], settings["batch_size"])
        return network, losses, network.count_params()
    import keras

    from medlstm.weights import from_keras, to_keras

    keras.utils.set_random_seed(seed)
    model = to_keras(network)
    model.compile(keras.optimizers.Adam(settings["learning_rate"]), "sparse_categorical_crossentropy")
    losses = model.fit(x, y, settings["batch_size"], settings["epochs"], verbose=0).history["loss"]
    network = KerasNetwork(model)
    network.ours = from_keras(model)
    return network, losses, model.count_params()


# As they are


def plain(arm, parts, seed, settings):
    """Train on the images as they are; compare, delete, and look at the frame."""
    x, y = parts["train"]
    reader, losses, parameters, seconds = trained(arm, x, y, seed, settings)
    network = getattr(reader.network, "ours", reader.network)
    (x_val, y_val), (x_test, y_test) = parts["val"], parts["test"]
    maps = reader.gradients(x_test)
    kept = {"clean": reader.log_odds(x_test), "frame_share": share_of(maps, MASKS["border"])}
    figures = {}
    if arm == "plain":
        again = trained(arm, x, y, seed + 100, settings)[0]
        rng = np.random.default_rng([seed, 1])
        layers = list(network.named_layers)
        copies = [with_shuffled_weights(network, layers, rng) for _ in range(settings["shuffles"])]
        start = reader.other(x_test)
        shuffled = [Reader(copy, x, y, settings["steps"]).gradients(x_test, start) for copy in copies]
        again_maps = again.gradients(x_test, start)
        kept |= compared(maps, again_maps, shuffled)
        kept |= framed(reader, x_test, y_test, maps, again_maps, shuffled, rng)
        curves, areas = deleted(reader, x_test, maps, again_maps, shuffled[0], settings, rng)
        figures, kept = {"curves": curves}, kept | areas
    kept = {name: values.astype(np.float32) for name, values in kept.items()}
    validation = {"auc": area(y_val, reader.log_odds(x_val))}
    test = {"auc": area(y_test, kept["clean"])} | figures
    return Outcome(row(parameters, seconds, losses, validation=validation, test=test), kept, network)


def compared(maps, again, shuffled):
    """Rank correlation of each image's map with that of the second network, and with those of shuffled weights."""
    kept = {}
    for name, form in (("signed", np.asarray), ("size", np.abs)):
        kept[f"{name}_again"] = correlation(form(maps), form(again))
        kept[f"{name}_shuffled"] = np.mean([correlation(form(maps), form(other)) for other in shuffled], axis=0)
    return kept


def framed(reader, images, labels, maps, again, shuffled, rng):
    """What the frame is worth to a network that was trained on whole images."""
    border = MASKS["border"]
    away = np.abs(images - reader.other(images))
    others = {"again": again, "shuffled": np.concatenate(shuffled), "away": away}
    shares = {name: share_of(values, border) for name, values in others.items()}
    shares["shuffled"] = shares["shuffled"].reshape(len(shuffled), -1).mean(axis=0)
    kept = {f"frame_share_{name}": values for name, values in shares.items()}
    for name, mask in (("without_frame", ~border), ("frame_alone", border)):
        kept[name] = reader.log_odds(np.where(mask, images, reader.mean_image))
    for name, same in (("own_frame", True), ("other_frame", False)):
        groups = {k: np.flatnonzero(labels == k) for k in (0, 1)}
        donors = np.array([rng.choice(groups[int(k) if same else 1 - int(k)]) for k in labels])
        kept[name] = reader.log_odds(np.where(border, images[donors], images))
    return kept


def deleted(reader, images, maps, again, shuffled, settings, rng):
    """Deletion and insertion curves of the answer's log odds, for several orders and two covers.

    Returns the mean curve of each, and for each image the area under it; of the random orders, the mean over them.
    """
    x, counts, squares = reader.standardised(images), settings["counts"], np.array([28 // SIDE] * 2)
    target, other = (reader.log_odds(images) > 0).astype(int), reader.other(images)
    towards = np.where(target == POSITIVE, 1, -1)[:, None, None]
    scores = {
        "gradients": towards * patch_sums(maps, SIDE),
        "occlusion": towards * reader.occlusion(images),
        "second network": towards * patch_sums(again, SIDE),
        "shuffled weights": towards * patch_sums(shuffled, SIDE),
        "far from the start": patch_sums(np.abs(images - other), SIDE),
    }
    scores |= {f"random {k}": rng.random((len(images), *squares)) for k in range(settings["orders"])}
    curves, areas = {}, {}
    for cover, fill in (("other", reader.standardised(other)), ("black", reader.standardised(np.zeros(1)))):
        for way in ("deletion", "insertion"):
            covered = counts if way == "deletion" else [49 - count for count in counts]
            for name, score in scores.items():
                score = score if way == "deletion" else -score
                curve = delete(reader.odds, x, target, score, covered, fill)
                curves[f"{way}/{cover}/{name}"] = [round(float(value), 4) for value in curve.mean(axis=0)]
                areas[f"{way}/{cover}/{name}"] = np.trapezoid(curve, counts, axis=1) / counts[-1]
    for way in [f"{way}/{cover}" for way in ("deletion", "insertion") for cover in ("other", "black")]:
        drawn = [areas.pop(f"{way}/random {k}") for k in range(settings["orders"])]
        areas[f"{way}/random"] = np.mean(drawn, axis=0)
    return curves, areas


# With a shortcut


def shortcut(arm, parts, seed, settings):
    """Train with a planted shortcut, and without; ask both where it stands."""
    x, y = parts["train"]
    rng = np.random.default_rng([seed, 2])
    how = arm, settings["share"], rng
    (x_val, y_val), (x_test, y_test) = parts["val"], parts["test"]
    reader, losses, parameters, seconds = trained(arm, planted(x, y, 1, *how), y, seed, settings)
    honest = trained("plain", x, y, seed, settings)[0]
    again = trained("plain", x, y, seed + 100, settings)[0]

    validation = {"auc": area(y_val, reader.log_odds(planted(x_val, y_val, 1, *how)))}
    marked = plant(x_test, arm)
    asked = {
        "clean": x_test,
        "marked": marked,
        "as_trained": planted(x_test, y_test, 1, *how),
        "turned": planted(x_test, y_test, 0, *how),
    }
    kept = {name: reader.log_odds(images) for name, images in asked.items()}
    kept |= {f"honest_{name}": honest.log_odds(images) for name, images in asked.items()}
    kept |= seen_in(reader, honest, again, marked[:: len(marked) // settings["explained"]])
    test = {name: area(y_test, kept[name]) for name in (*asked, *(f"honest_{name}" for name in asked))}
    kept = {name: values.astype(np.float32) for name, values in kept.items()}
    return Outcome(row(parameters, seconds, losses, validation=validation, test=test), kept, reader.network)


def seen_in(reader, honest, again, images):
    """What explanations of images with the shortcut show, of the network that may use it and of some that do not.

    For each image: the place of the marked square among 49, 0 the first, by integrated gradients from the mean of the
    healthy training images, which bear no shortcut, from the mean of all and from black, and by covering with the
    first; and of the map from the first start the largest share that one square has of all sizes, the share of the
    energy at the frequency of the lines, and the rank correlation with the map of the network without shortcut, and
    of that with a second such network's.
    """
    kept, maps = {}, {}
    for name, who in (("", reader), ("honest_", honest)):
        starts = {"healthy": who.class_means[0], "mean": who.mean_image, "black": np.zeros((28, 28))}
        found = {start: who.gradients(images, image) for start, image in starts.items()}
        maps[name] = found["healthy"]
        squares = {start: patch_sums(values, SIDE) for start, values in found.items()}
        squares["covered"] = who.occlusion(images, who.class_means[0])
        kept |= {f"{name}place_{start}": place_of_first(values) for start, values in squares.items()}
        kept[f"{name}largest"] = largest_share(squares["healthy"])
        kept[f"{name}lined"] = lined(found["healthy"])
    pairs = {
        "like_honest": (maps[""], maps["honest_"]),
        "honest_like_again": (maps["honest_"], again.gradients(images, again.class_means[0])),
    }
    for name, (one, two) in pairs.items():
        kept[name] = correlation(one, two)
        kept[f"{name}_squares"] = correlation(patch_sums(one, SIDE), patch_sums(two, SIDE))
    return kept


# Parts of the image


def masked(arm, parts, seed, settings):
    """Train and ask where all pixels but some show the mean training image."""
    x, y = parts["train"]
    only = lambda images: np.where(MASKS[arm], images, x.mean(axis=0))
    reader, losses, parameters, seconds = trained(arm, only(x), y, seed, settings)
    (x_val, y_val), (x_test, y_test) = parts["val"], parts["test"]
    said = reader.log_odds(only(x_test)).astype(np.float32)
    validation = {"auc": area(y_val, reader.log_odds(only(x_val)))}
    test = {"auc": area(y_test, said)}
    return Outcome(row(parameters, seconds, losses, validation=validation, test=test), {"clean": said})


def place_of_first(squares):
    """How many of the squares (N, R, C) have a larger value than the one in the upper left corner."""
    return (squares > squares[:, :1, :1]).sum(axis=(1, 2))


def largest_share(squares):
    """The share (N,) of the sizes in squares (N, R, C) that one of them has."""
    sizes = np.abs(squares)
    return sizes.max(axis=(1, 2)) / sizes.sum(axis=(1, 2))


def share_of(maps, mask):
    """The share of the sizes in maps (N, 28, 28) that lies under a mask."""
    return np.abs(maps)[:, mask].sum(axis=1) / np.abs(maps).sum(axis=(1, 2))


def correlation(maps, other):
    """Rank correlation (N,) of two maps of each image."""
    one, two = (rankdata(m.reshape(len(m), -1), axis=1) for m in (maps, other))
    one, two = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (one, two))
    return (one * two).sum(axis=1) / np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))


def lined(maps):
    """The share (N,) of a map's energy in frequencies about that of upright lines of one pixel: 9 of 784."""
    energy = np.abs(np.fft.fft2(maps)) ** 2
    return energy[:, [27, 0, 1]][:, :, 13:16].sum(axis=(1, 2)) / energy.sum(axis=(1, 2))


def area(y, said):
    """AUC of log odds (N,) of pneumonia."""
    p = 1 / (1 + np.exp(-np.asarray(said, float)))
    return round(auc(y, np.stack([1 - p, p], axis=1)), 5)
