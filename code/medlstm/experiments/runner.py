"""How does an experiment run, and go on after a kill?

An experiment is a module with

- ``SETTINGS`` and ``QUICK``: what is fixed, and what ``--quick`` changes in it;
- ``data()``: the names of its data sets, each with the SHA-256 of its content;
- ``jobs(seeds)``: a list of dicts, each naming one run;
- ``run(job, settings)``: an `Outcome`.

Each job runs in a process of its own, on this machine or on others (see `workers`); this process alone
writes. Each finished run is written at once: its predictions first, then its row, both in the order
of the jobs. A run whose row is there is not run again.
"""

import json
import time
from typing import NamedTuple

import numpy as np

from medlstm.classifier import Classifier
from medlstm.experiments.workers import Unfinished, connect, finished, made_with
from medlstm.files import whole_file


class Outcome(NamedTuple):
    """What one run leaves behind."""

    row: dict
    """Figures, to be stored beside the job's own keys."""
    predictions: np.ndarray | dict
    """What a paired test needs, such as the predicted class of each test image; or several arrays by name."""
    network: Classifier | None = None
    """The trained network, if it is to be kept."""


def row(parameters, seconds, losses, **figures):
    """The figures of one run, rounded where more digits say nothing.

    Parameters
    ----------
    parameters : int
        Weights of the network.
    seconds : float
        Time of the training.
    losses : sequence of float
        Mean training loss of each epoch, or of each part of the training.
    **figures
        What was chosen, and the figures of each part of the data that was judged.
    """
    return {
        "parameters": parameters,
        "seconds": round(seconds, 1),
        "train": {"loss": [round(float(loss), 5) for loss in losses]},
    } | figures


def run(name, experiment, seeds, quick, root, workers=None, scheduler=None):
    """Run every job of an experiment that has not been run yet.

    Parameters
    ----------
    name : str
        Names the files: ``results/NAME.json`` and ``.npz``, ``weights/NAME_MODEL.npz`` (seed 0).
    experiment : module
        As described at the top of this module; workers import it by its name.
    seeds : int
        Seeds 0 to `seeds` - 1.
    quick : bool
        One job, with the settings of ``experiment.QUICK``.
    root : Path
        Folder that holds ``results`` and ``weights``.
    workers : int, optional
        Jobs that run at a time on this machine; one a core unless given.
    scheduler : str, optional
        Address of a Dask scheduler, such as ``tcp://HOST:8786``, whose workers are used instead.

    Raises
    ------
    ValueError
        If the stored runs were made with other settings or other data.
    Unfinished
        If there is no such scheduler; or, once all other jobs are stored, if a job failed.
    """
    settings = experiment.SETTINGS | (experiment.QUICK if quick else {})
    jobs = experiment.jobs(seeds)[: 1 if quick else None]
    path = root / "results" / f"{name}.json"
    fresh = {
        "experiment": name,
        "command": f"python -m medlstm.experiments {name}" + (" --quick" if quick else f" --seeds {seeds}"),
        "environment": made_with(),
        "data": experiment.data(),
        "settings": settings,
        "runs": [],
    }
    stored = _stored(path, fresh)
    there = {prediction_key(row) for row in stored["runs"]}
    left = [job for job in jobs if prediction_key(job) not in there]
    if len(left) < len(jobs):
        print(f"{len(jobs) - len(left)} of {len(jobs)} runs are already there", flush=True)
    if not left:
        return stored
    failures = []
    with connect(len(left), workers, scheduler) as client:
        print(f"{len(left)} to run, {sum(client.nthreads().values())} at a time", flush=True)
        start = time.perf_counter()
        for number, (job, future) in enumerate(finished(client, experiment, left, settings), start=1):
            label = " ".join(f"{key}={value}" for key, value in job.items())
            try:
                outcome, seconds = future.result()
                _store(job, outcome, stored, jobs, path)
                figures = f"{first_figures(outcome.row.get('test') or outcome.row['validation'])} ({seconds:.0f} s)"
            except Exception as error:
                figures = str(error) if isinstance(error, Unfinished) else f"{type(error).__name__}: {error}"
                failures.append(f"{label}: {figures}")
            minutes = (time.perf_counter() - start) * (len(left) / number - 1) / 60
            print(
                f"[{len(jobs) - len(left) + number}/{len(jobs)}] {label}: {figures}, about {minutes:.0f} min left",
                flush=True,
            )
    if failures:
        raise Unfinished(
            f"{failures[0]}; {len(failures)} of {len(jobs)} runs are missing, the others are "
            "kept: mend the cause and give the same command again"
        )
    return stored


def first_figures(figures):
    """Those of one condition, where there are several."""
    first = next(iter(figures.values()))
    return first if isinstance(first, dict) else figures


def prediction_key(job):
    """The name under which a run's predictions are kept; of several, the beginning of their names."""
    return f"{job['dataset']}/{job['model']}/{job['seed']}"


def _stored(path, fresh):
    """The runs that are there, if they were made like `fresh`; else `fresh`."""
    stored = json.loads(path.read_text()) if path.is_file() else fresh
    for part in ("settings", "data"):
        if stored[part] != fresh[part]:
            raise ValueError(
                f"{path}: expected runs with {part} {fresh[part]}, got {stored[part]}; move the file away to start anew"
            )
    return stored | {"command": fresh["command"]}


def _store(job, outcome, stored, jobs, path):
    """Keep what a run leaves behind, its row last."""
    order = {prediction_key(job): number for number, job in enumerate(jobs)}
    place = lambda key: order.get("/".join(key.split("/")[:3]), len(order))  # of other calls: after these
    if outcome.network is not None and job["seed"] == 0:
        outcome.network.save(path.parents[1] / "weights" / f"{path.stem}_{job['model']}.npz")
    _add_predictions(path.with_suffix(".npz"), prediction_key(job), outcome.predictions, place)
    stored["runs"] = sorted([*stored["runs"], job | outcome.row], key=lambda row: place(prediction_key(row)))
    with whole_file(path) as part:
        part.write_text(pretty(stored))


def _add_predictions(path, key, predictions, place):
    kept = {}
    if path.is_file():
        with np.load(path, allow_pickle=False) as file:
            kept = dict(file)
    named = predictions if isinstance(predictions, dict) else {"": predictions}
    kept |= {f"{key}/{name}".rstrip("/"): array for name, array in named.items()}
    with whole_file(path) as part:
        np.savez_compressed(part, **dict(sorted(kept.items(), key=lambda item: place(item[0]))))


def pretty(stored):
    """JSON with one line a run, so that a difference between two versions can be read."""
    head = json.dumps({k: v for k, v in stored.items() if k != "runs"}, indent=1)
    rows = ",\n  ".join(json.dumps(row) for row in stored["runs"])
    return f'{head[:-2]},\n "runs": [\n  {rows}\n ]\n}}\n'
