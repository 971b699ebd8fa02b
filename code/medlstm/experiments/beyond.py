"""What reads a sequence best, and at what price: an LSTM, or what came beside and after it?

About 12,000 weights each. Three tasks, each with the same steps, the same examples in the same order, and the same
two learning rates tried for every network:

``rows``    5,000 digits, row by row; judged on the 10,000 test digits.
``slices``  2,000 volumes of `medlstm.datasets.lesions`, slice by slice, each slice given by its means over its rows
            and over its columns: does the volume hold a lesion? Judged on 2,000 others.
``latch_T`` the class is shown in the first step of T and asked for at the last; judged on 2,000 fresh sequences.
            Convolutions are asked over all steps, since the last would see nine.

In ``..._slow`` the same LSTM or GRU starts with gates that keep for 1 to T steps (Tallec and Ollivier 2018).
Each job tries the rates with a seed of its own on validation data, takes the best, and trains with every seed; a row
holds them all, because starting a process and compiling takes longer than one such training. The rates of all latches
are tried at 28 steps. Widths come from the number of weights; depth, steps and batches were set without a try. That
the tasks can be learned in so many steps was seen on validation data with two networks of slices and one of the latch.

``costs`` counts products, and times training steps and predictions of all networks taking turns in one process.
``memory`` is the peak of a process of its own for each network.

Three runs on digits with other settings (three rates, five epochs) had been judged on the test digits when steps and
rates were cut down for lack of time; they were put away, and their figures not looked at.
Twenty of the stored rows were trained one after another in a few processes that called `run`; the other rows
were trained by the runner, a process each.
"""

import time
from functools import partial

import numpy as np

from medlstm.datasets import checksums, drawn_checksum, latch, lesions, load_mnist, scaled
from medlstm.evaluation import accuracy, auc
from medlstm.experiments.runner import Outcome, row
from medlstm.optimizers import cosine_decay

SETTINGS = {
    "tried": [0.003, 0.01],
    "seeds": {"rows": 5, "slices": 3, "latch": 3},
    "rows": {"epochs": 3, "examples": 5000, "batch_size": 64, "validation": 5000, "judged": 10000},
    "slices": {"epochs": 4, "examples": 2000, "batch_size": 32, "validation": 1000, "judged": 2000},
    "latch": {"epochs": 1, "examples": 12800, "batch_size": 32, "validation": 1000, "judged": 2000},
    "noise": 0.7,
    "lengths": [28, 100, 400],
    "timed": {"batch_size": 32, "features": 28, "rounds": 15},
}
SMALL = {"epochs": 1, "examples": 64, "validation": 32, "judged": 32}
QUICK = {part: SETTINGS[part] | SMALL for part in ("rows", "slices", "latch")}
QUICK |= {"seeds": {"rows": 2, "slices": 1, "latch": 1}}
QUICK |= {"lengths": [28], "timed": {"batch_size": 4, "features": 28, "rounds": 2}}

WIDTHS = {  # for about 12,000 weights
    "rows": {"lstm": 40, "gru": 48, "conv1d": 36, "conv2d": 14, "transformer": 26, "state_space": 30}
    | {"slstm": 40, "mlstm": 28},
    "slices": {"lstm": 40, "gru": 48, "conv1d": 36, "conv2d": 15, "transformer": 26, "state_space": 30},
    "latch": {"lstm": 52, "gru": 60, "conv1d": 46, "conv2d": 15, "transformer": 26, "state_space": 30}
    | {"slstm": 52, "mlstm": 28},
}
CONTEST = ("lstm", "gru", "conv1d", "conv2d", "transformer", "state_space")
LATCH = ("lstm", "lstm_slow", "gru", "conv1d", "conv2d", "transformer", "state_space", "slstm", "mlstm")
LONG = LATCH[:7]
STREAMS = {"train": 10, "validation": 11, "test": 12}
TRIAL = 100
"""The seed with which rates are tried."""


def data():
    return checksums("mnist") | {
        "slices": drawn_checksum(lesions, 2, noise=SETTINGS["noise"]),
        "latch": drawn_checksum(latch, 8, 28),
    }


def jobs(seeds):
    named = lambda dataset, models: [
        {"dataset": dataset, "model": model, "recurrent": model.startswith(("lstm", "gru", "slstm")), "seed": 0}
        for model in models
    ]
    parts = [
        named("rows", CONTEST),
        named("slices", CONTEST),
        named("latch_28", LATCH),
        named("costs", ["all"]),
        named("memory", WIDTHS["rows"]),
        named("latch_100", LATCH),
        named("latch_400", LONG),
    ]
    return [job for part in parts for job in part]


def run(job, settings):
    if job["dataset"] == "costs":
        return costs(settings)
    if job["dataset"] == "memory":
        return memory(job["model"], settings)
    dataset, model, start = job["dataset"], job["model"], time.perf_counter()
    task = dataset.partition("_")[0]
    trial = "latch_28" if task == "latch" else dataset
    network = ready(trial, model)
    held_out = examples(trial, "validation", settings)
    tried = {}
    for rate in settings["tried"]:
        train(network, trial, model, TRIAL, rate, settings)
        tried[rate] = round(judged(network, *held_out)[0], 5)
    rate = max(tried, key=tried.get)
    network = network if trial == dataset else ready(dataset, model)
    losses, answers, figures, asked = [], [], [], examples(dataset, "test", settings)
    for seed in range(settings["seeds"][task]):
        losses.append(train(network, dataset, model, seed, rate, settings))
        figure, said = judged(network, *asked)
        figures.append(figure)
        answers.append(said)
    return Outcome(
        row(
            network.count_params(),
            time.perf_counter() - start,
            np.mean(losses, axis=0),
            learning_rate=rate,
            validation={str(rate): figure for rate, figure in tried.items()},
            test={"auc" if task == "slices" else "accuracy": figures},
        ),
        np.stack(answers),
    )


def examples(dataset, part, settings, rng=None):
    """What is read, and what is asked: the training data of a seed, the validation data, or the test data."""
    task = dataset.partition("_")[0]
    count = settings[task][{"train": "examples", "validation": "validation", "test": "judged"}[part]]
    if task == "rows":
        train, test = load_mnist()
        images, labels = test if part == "test" else train
        chosen = slice(-count, None) if part == "validation" else slice(count)
        return scaled(images[chosen]), labels[chosen].astype(np.int64)
    rng = rng or np.random.default_rng(STREAMS[part])
    if task == "latch":
        return latch(count, int(dataset.removeprefix("latch_")), rng)
    drawn = lesions(count, rng, noise=settings["noise"])
    profiles = [drawn.images.mean(axis) for axis in (2, 3)]
    return 4 * np.concatenate(profiles, axis=-1), drawn.masks.any((1, 2, 3)).astype(np.int64)


def untrained(dataset, model, seed):
    """A network of the contest with fresh weights."""
    from medlstm.keras_models import sequences

    task, name = dataset.partition("_")[0], model.removesuffix("_slow")
    shape, classes = {"rows": ((28, 28), 10), "slices": ((24, 32), 2)}.get(task, (None, 4))
    shape = shape or (int(dataset.removeprefix("latch_")), 4)
    start = "slow" if model.endswith("_slow") else "usual"
    return sequences.build(name, shape, classes, seed, WIDTHS[task][name], task == "latch", start)


def ready(dataset, model):
    """The same, compiled, so that it can be trained several times from several starts."""
    import keras

    network = untrained(dataset, model, 0)
    network.compile(
        keras.optimizers.Adam(1.0, global_clipnorm=1.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return network


def train(network, dataset, model, seed, rate, settings):
    """Train from the start that the seed decides; the mean loss of each tenth of the steps."""
    network.set_weights(untrained(dataset, model, seed).get_weights())
    optimizer = network.optimizer
    for variable in optimizer.variables:
        variable.assign(np.zeros(variable.shape, variable.dtype))
    how, rng, losses = settings[dataset.partition("_")[0]], np.random.default_rng([STREAMS["train"], seed]), []
    batches = -(-how["examples"] // how["batch_size"])
    x, y = examples(dataset, "train", settings, rng)
    for epoch in range(how["epochs"]):
        order = rng.permutation(len(x))
        for k in range(batches):
            chosen = order[k * how["batch_size"] : (k + 1) * how["batch_size"]]
            optimizer.learning_rate = cosine_decay((epoch + k / batches) / how["epochs"], rate, 0.05)
            losses.append(float(network.train_on_batch(x[chosen], y[chosen])))
    return [part.mean() for part in np.array_split(losses, 10) if len(part)]


def judged(network, x, y):
    """Accuracy, or of two classes the area, and the answers as they are stored."""
    from scipy.special import softmax

    said = softmax(network.predict(x, 250, verbose=0), axis=1)
    if said.shape[1] == 2:
        said = said[:, 1].astype(np.float32)
        return auc(y, np.stack([1 - said, said], axis=1)), said
    answers = said.argmax(axis=1).astype(np.uint8)
    return accuracy(y, answers).value, answers


def costs(settings):
    """Products and times of every network at each length, all taking turns in this process."""
    from medlstm.keras_models.costs import multiply_adds

    how, start, work, figures = settings["timed"], time.perf_counter(), {}, {}
    for steps in settings["lengths"]:
        for name in WIDTHS["rows"]:
            network, x, y = for_noise(name, steps, how)
            figures[f"{name}-{steps}"] = {"multiply_adds": multiply_adds(network)}
            work[f"{name}-{steps}", "train_ms"] = partial(network.train_on_batch, x, y)
            work[f"{name}-{steps}", "predict_ms"] = partial(network.predict_on_batch, x[:1])
    taken = {key: [] for key in work}
    for turn in range(how["rounds"] + 2):
        for key, call in work.items():
            before = time.perf_counter()
            call()
            if turn > 1:  # the first two make ready
                taken[key].append(1000 * (time.perf_counter() - before))
    for (name, what), values in taken.items():
        figures[name][what] = round(float(np.median(values)), 3)
    kept = {"-".join(key): np.array(values, np.float32) for key, values in taken.items()}
    return Outcome(row(0, time.perf_counter() - start, [], validation=figures), kept)


def memory(name, settings):
    """The most that training takes at each length, in megabytes above what this process held before its first step.

    The system keeps only the highest mark of a process, so lengths come in rising order, and each network has a
    process of its own.
    """
    start, held, peaks = time.perf_counter(), None, {}
    for steps in sorted(settings["lengths"]):
        network, x, y = for_noise(name, steps, settings["timed"])
        held = held or highest_megabytes()
        for _ in range(3):
            network.train_on_batch(x, y)
        peaks[str(steps)] = round(highest_megabytes() - held, 1)
    figures = row(0, time.perf_counter() - start, [], validation={"megabytes": peaks})
    return Outcome(figures, np.array([*peaks.values()]))


def highest_megabytes():
    """The most memory that this process has held so far; Linux counts it in kilobytes."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def for_noise(name, steps, how):
    """A network for sequences of so many steps, compiled, and a batch of noise for it."""
    from medlstm.keras_models import sequences

    network = sequences.build(name, (steps, how["features"]), 10, 0, WIDTHS["rows"][name])
    network.compile("adam", "mean_squared_error")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(how["batch_size"], steps, how["features"])).astype(np.float32)
    return network, x, rng.normal(size=(how["batch_size"], 10)).astype(np.float32)
