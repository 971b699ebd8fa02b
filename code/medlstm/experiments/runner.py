"""How does an experiment run, and go on after a kill?

An experiment is a module with

- ``SETTINGS`` and ``QUICK``: what is fixed, and what ``--quick`` changes in it;
- ``data()``: the names of its data sets, each with the SHA-256 of its content;
- ``jobs(seeds)``: a list of dicts, each naming one run;
- ``run(job, settings)``: an `Outcome`.

Each finished run is written at once: its predictions first, then its row. A run whose row is there
is not run again.
"""

import importlib.metadata
import json
import os
import platform
import time
from typing import NamedTuple

import numpy as np

from medlstm.files import whole_file
from medlstm.classifier import Classifier


class Outcome(NamedTuple):
    """What one run leaves behind."""

    row: dict
    """Figures, to be stored beside the job's own keys."""
    predictions: np.ndarray
    """What a paired test needs, such as the predicted class of each test image."""
    network: Classifier | None = None
    """The trained network, if it is to be kept."""


def run(name, experiment, seeds, quick, root):
    """Run every job of an experiment that has not been run yet.

    Parameters
    ----------
    name : str
        Names the files: ``results/NAME.json`` and ``.npz``, ``weights/NAME_MODEL.npz`` (seed 0).
    experiment : module
        As described at the top of this module.
    seeds : int
        Seeds 0 to `seeds` - 1.
    quick : bool
        One job, with the settings of ``experiment.QUICK``.
    root : Path
        Folder that holds ``results`` and ``weights``.

    Raises
    ------
    ValueError
        If the stored runs were made with other settings or other data.
    """
    settings = experiment.SETTINGS | (experiment.QUICK if quick else {})
    jobs = experiment.jobs(seeds)[:1 if quick else None]
    path = root / "results" / f"{name}.json"
    fresh = {"experiment": name,
             "command": f"python -m medlstm.experiments {name}" + (" --quick" if quick else f" --seeds {seeds}"),
             "environment": environment(), "data": experiment.data(), "settings": settings, "runs": []}
    stored = json.loads(path.read_text()) if path.is_file() else fresh
    for part in ("settings", "data"):
        if stored[part] != fresh[part]:
            raise ValueError(f"{path}: expected runs with {part} {fresh[part]}, got {stored[part]}; "
                             "move the file away to start anew")
    stored["command"] = fresh["command"]

    for number, job in enumerate(jobs, start=1):
        label = " ".join(f"{key}={value}" for key, value in job.items())
        if any(job.items() <= row.items() for row in stored["runs"]):
            print(f"[{number}/{len(jobs)}] {label}: already there", flush=True)
            continue
        start = time.perf_counter()
        outcome = experiment.run(job, settings)
        if outcome.network is not None and job["seed"] == 0:
            outcome.network.save(root / "weights" / f"{name}_{job['model']}.npz")
        _add_predictions(path.with_suffix(".npz"), prediction_key(job), outcome.predictions)
        stored["runs"].append(job | outcome.row)
        with whole_file(path) as part:
            part.write_text(pretty(stored))
        print(f"[{number}/{len(jobs)}] {label}: {outcome.row.get('test') or outcome.row['validation']} "
              f"({time.perf_counter() - start:.0f} s)", flush=True)
    return stored


def prediction_key(job):
    """The name under which a run's predictions are kept."""
    return f"{job['dataset']}/{job['model']}/{job['seed']}"


def environment():
    """Versions and threads that the figures were made with."""
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "tensorflow", "keras")}
    return {"python": platform.python_version()} | versions | {"threads": len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity") else os.cpu_count()}


def _add_predictions(path, key, array):
    kept = {}
    if path.is_file():
        with np.load(path, allow_pickle=False) as file:
            kept = dict(file)
    with whole_file(path) as part:
        np.savez_compressed(part, **kept | {key: array})


def pretty(stored):
    """JSON with one line a run, so that a difference between two versions can be read."""
    head = json.dumps({k: v for k, v in stored.items() if k != "runs"}, indent=1)
    rows = ",\n  ".join(json.dumps(row) for row in stored["runs"])
    return f'{head[:-2]},\n "runs": [\n  {rows}\n ]\n}}\n'
