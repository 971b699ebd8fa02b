"""Where do the jobs of an experiment run, and what came of each?

Each job is one task of Dask, and in its worker one process, new and on one thread. So its result depends
neither on how many workers there are, nor on how many cores they have, nor on what ran there before. (In the
worker's own process it would: Dask draws from Python's random numbers there, as Keras does for its seeds.)
"""

import importlib
import logging
import os
import pickle
import subprocess
import sys
import threading
import time
import traceback

from medlstm.environment import set_environment, threads, versions

PATIENCE = 8  # seconds, for a scheduler to answer


class Unfinished(RuntimeError):
    """Runs are missing; the message says which, or why, and what to do."""


def made_with():
    """Versions and threads that the figures were made with."""
    return versions("numpy", "tensorflow", "keras") | {"threads": 1}


def connect(jobs, workers=None, scheduler=None):
    """A Dask client: of the scheduler at that address, or else of one in this process, which ends with it.

    That runs as many jobs at a time as it is told to, or one a core.
    """
    from dask.system import CPU_COUNT
    from distributed import Client

    if scheduler is None:
        return Client(
            processes=False,
            n_workers=1,
            threads_per_worker=min(jobs, workers or CPU_COUNT),
            protocol="tcp",
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            memory_limit=None,
            silence_logs=logging.CRITICAL,
        )
    try:
        return Client(scheduler, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise Unfinished(
            f"expected a Dask scheduler at {scheduler}, got none ({error}); start one with "
            f"`dask scheduler`, and on each machine `dask worker {scheduler}`"
        ) from error


def finished(client, experiment, jobs, settings):
    """Run jobs; yield each when it ends, with the future of its outcome and seconds."""
    from distributed import as_completed

    def task(job):  # travels whole, so that a worker without the book can say what it lacks
        from medlstm.experiments.workers import run_alone

        return run_alone(name, job, settings, here)

    name, here = experiment.__name__, made_with()
    futures = {client.submit(task, job, pure=False): job for job in jobs}
    for future in as_completed(list(futures)):
        yield futures.pop(future), future


def run_alone(name, job, settings, expected):
    """In a worker: the outcome of one job of the experiment module of that name, and its seconds."""
    if made_with() != expected:
        raise Unfinished(f"expected a worker with {expected}, got {made_with()}; install the same requirements there")
    command = [sys.executable, "-m", "medlstm.experiments.workers"]
    paths = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=paths) as process:
        process.stdin.write(pickle.dumps((name, job, settings)))
        process.stdin.flush()  # and stays open: its end tells the process that the worker is dead
        answer = process.stdout.read()
        if process.wait():
            raise Unfinished(
                f"expected an outcome, got the end of its process with {process.returncode}, often "
                "for lack of memory: try fewer workers"
            )
    result = pickle.loads(answer)
    if isinstance(result, str):
        raise Unfinished(result)
    return result


def main():
    """In a process of its own: answer with the outcome and its seconds, or with what went wrong."""
    answer = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)  # what a job prints is no part of the answer, and
    os.dup2(nowhere, 1)  # TensorFlow greets on both channels
    os.dup2(nowhere, 2)
    name, job, settings = pickle.load(sys.stdin.buffer)
    threading.Thread(target=lambda: os.read(0, 1) or os._exit(1), daemon=True).start()
    set_environment()
    os.environ.update(threads(1) | {"TF_ENABLE_ONEDNN_OPTS": "1"})  # convolutions, much faster
    try:
        experiment = importlib.import_module(name)
        start = time.perf_counter()
        result = experiment.run(job, settings), time.perf_counter() - start
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[-1]
        result = f"{type(error).__name__}: {error} (line {line.lineno} of {os.path.basename(line.filename)})"
    with answer:
        pickle.dump(result, answer)


if __name__ == "__main__":
    main()
