"""An experiment of short jobs, which workers can import; each notes when it ran, and for which worker."""

import os
import random
import signal
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from medlstm.experiments.runner import Outcome

SETTINGS = {"size": 3, "nap": 0.0, "notes": None, "fail": None, "die": None}
QUICK = {"size": 1}


def data():
    return {"toy": "0"}


def jobs(seeds):
    return [{"dataset": "toy", "model": model, "seed": seed} for seed in range(seeds) for model in "ab"]


def run(job, settings):
    name, start = f"{job['model']}{job['seed']}", time.perf_counter()
    note = Path(settings["notes"], f"{name}.{os.getppid()}") if settings["notes"] else Path(os.devnull)
    note.touch()
    random.seed(job["seed"])  # where Keras takes its seeds from
    time.sleep(settings["nap"])
    if name == settings["fail"]:
        raise ArithmeticError("nothing to divide by")
    if name == settings["die"]:
        os.kill(os.getpid(), signal.SIGKILL)
    large = np.random.default_rng(job["seed"]).normal(size=(500, 500))
    row = {
        "seconds": time.perf_counter() - start,
        "random": random.random(),
        "threads": max(library["num_threads"] for library in threadpool_info()),
        "test": {"accuracy": settings["size"]},
    }
    note.write_text("ended")
    return Outcome(row, {"test": (large @ large)[0], "validation": np.arange(settings["size"])})
