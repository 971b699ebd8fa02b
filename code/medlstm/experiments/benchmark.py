"""How fast is the NumPy LSTM, beside the frameworks? ``python -m medlstm.experiments.benchmark``

Machines drift, so only ratios within one run are worth quoting. Each contender lives in a process
of its own, tied to the same cores; they take turns, a few steps at a time, and never run together.
Every task comes round several times, each time in new processes: one process can be lucky.
A table in which more work took less time is refused: something disturbed it, and nobody knows what else.
"""

import argparse
import contextlib
import importlib
import importlib.util
import multiprocessing
import os
import platform
import time

import numpy as np

from medlstm import environment
from medlstm.experiments.contenders import CONTENDERS, Task
from medlstm.experiments.runner import pretty
from medlstm.files import DATA, whole_file

PROCESSES, ROUNDS = 3, 5  # how often a task comes round in new processes, and turns of each contender there
STEPS, PAUSE = 20, 0.05  # steps in a turn, seconds between turns
GROWTH = [
    Task(batch=32),
    Task(batch=512),
    Task(steps=14),
    Task(steps=112),
    Task(units=(64, 32)),
    Task(units=(256, 128)),
]
MARGIN = 1.03  # a smaller task may take so many times as long as a larger one before a table is refused
PEERS = ("numpy", "keras_unrolled", "keras", "pytorch")  # those whose growth is followed
NEEDS = {"pytorch": "torch", "jax": "jax"}


def main():
    parser = argparse.ArgumentParser(prog="python -m medlstm.experiments.benchmark", description=__doc__)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one short round of the contenders that are "
        "here without PyTorch and JAX, to see that everything works; stores nothing",
    )
    quick = parser.parse_args().quick
    here = [name for name in CONTENDERS if importlib.util.find_spec(NEEDS.get(name, "numpy"))]
    if quick:
        runs = measure(Task(batch=8, steps=3, units=(8, 4)), ("numpy", "products", "keras"), 1, 0, 1, 1)
    else:
        peers = [name for name in PEERS if name in here]
        blocks = [(Task(), here, threads) for threads in sorted({1, len(_cores())})]
        blocks += [(task, peers, len(_cores())) for task in GROWTH]
        runs = [
            row for process in range(PROCESSES) for block in blocks for row in measure(*block, process, ROUNDS, STEPS)
        ]
    report(runs)
    refuse_contradictions(runs)
    if not quick:
        stored = {
            "experiment": "speed",
            "command": "make bench",
            "environment": versions(here),
            "settings": {"processes": PROCESSES, "rounds": ROUNDS, "steps_in_a_turn": STEPS},
            "runs": runs,
        }
        with whole_file(DATA / "results" / "speed.json") as part:
            part.write_text(pretty(stored))


def measure(task, names, threads, process, rounds, steps, environ=()):
    """Rows of one task in new processes, the number `process` of its kind: milliseconds a step, and memory."""
    context = multiprocessing.get_context("spawn")
    pipes, processes, rows = {}, [], []
    with _settings(threads, environ):
        for name in names:
            pipes[name], other = context.Pipe()
            processes.append(context.Process(target=_worker, args=(name, task, other), daemon=True))
            processes[-1].start()
            other.close()
            pipes[name].recv()  # one at a time, so that none compiles while another does
    for what in ("train", "predict"):
        turns = {name: [] for name in names}
        for _ in range(rounds):
            for name, pipe in pipes.items():
                pipe.send((what, steps))
                turns[name].append(round(1000 * pipe.recv(), 3))
                time.sleep(PAUSE)
        rows += [
            {
                "model": name,
                "what": what,
                "threads": threads,
                "batch": task.batch,
                "steps": task.steps,
                "units": list(task.units),
                "process": process,
                "milliseconds": turns[name],
            }
            for name in names
        ]
    for name, pipe in pipes.items():
        pipe.send(None)
        megabytes = pipe.recv()
        for row in rows:
            if row["model"] == name:
                row["megabytes"] = megabytes
    for process in processes:
        process.join()
    return rows


def report(runs):
    """Print the medians, and the ratios to the NumPy network, turn by turn."""
    task = None
    for row in runs:
        if task != (task := (row["threads"], row["batch"], row["steps"], tuple(row["units"]), row["what"])):
            print(
                f"\n{row['what']}: {row['threads']} thread(s), batch {row['batch']}, {row['steps']} steps, "
                f"units {tuple(row['units'])}"
            )
            ours = row["milliseconds"]  # NumPy comes first
        ratios = np.percentile(np.divide(row["milliseconds"], ours), (10, 50, 90))
        print(
            f"  {row['model']:20}{np.median(row['milliseconds']):8.2f} ms   "
            "{1:5.2f} times NumPy's ({0:.2f} to {2:.2f})".format(*ratios)
            + f"{row['megabytes']:7.0f} MB"
        )


def contradictions(runs):
    """Pairs of rows in which more work took less time.

    Parameters
    ----------
    runs : list of dict
        Rows as `measure` returns them.

    Returns
    -------
    list of pairs of dicts
        The smaller task first. Both have the same model, the same threads and the same kind of step; batch,
        steps and units are nowhere larger in the first, and somewhere smaller. Yet its median time is more
        than `MARGIN` times that of the second.
    """

    def size(row):
        return (row["batch"], row["steps"], *row["units"])

    return [
        (small, large)
        for small in runs
        for large in runs
        if all(small[key] == large[key] for key in ("model", "what", "threads"))
        and size(small) != size(large)
        and all(a <= b for a, b in zip(size(small), size(large), strict=True))
        and np.median(small["milliseconds"]) > MARGIN * np.median(large["milliseconds"])
    ]


def refuse_contradictions(runs):
    """Raise a ValueError, with a sentence for each pair, if more work took less time in a table."""
    found = [
        f"{small['model']}, {small['what']}, {small['threads']} thread(s): {np.median(small['milliseconds']):.1f} ms "
        f"for {_named(small)}, but {np.median(large['milliseconds']):.1f} ms for {_named(large)}"
        for small, large in contradictions(runs)
    ]
    if found:
        raise ValueError(
            "runs: expected more work to take more time, got "
            + "; ".join(found)
            + "; something else was running, so nothing is stored: measure again"
        )


def _named(row):
    return f"batch {row['batch']}, {row['steps']} steps, units {tuple(row['units'])}"


def versions(names):
    """Versions, and the processor; the figures hold for this one."""
    packages = ["numpy", "tensorflow", "keras", *(NEEDS[name] for name in names if name in NEEDS)]
    return environment.versions(*packages) | {"processor": platform.machine(), "cores": len(_cores())}


@contextlib.contextmanager
def _settings(threads, environ):
    """For the processes started within: some of the cores, and libraries free to choose their instructions."""
    before, cores = dict(os.environ), _cores()
    for variable in [key for key in before if key.startswith(("OPENBLAS_", "TF_ENABLE_", "ONEDNN_"))]:
        del os.environ[variable]
    os.environ |= (
        environment.threads(threads)
        | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "KERAS_BACKEND": "tensorflow"}
        | dict(environ)
    )
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores[:threads])
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)


def _cores():
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count()))


def _worker(name, task, pipe):
    """Build one contender, then take turns as told."""
    with _silence():
        for module in {"keras": ["keras"], "pytorch": ["torch"], "jax": ["jax"]}.get(name.split("_")[0], []):
            importlib.import_module(module)
    before = _peak_megabytes()
    calls = dict(zip(("train", "predict"), CONTENDERS[name](task), strict=True))
    for call in 2 * list(calls.values()):
        call()
    pipe.send("ready")
    while (turn := pipe.recv()) is not None:
        what, steps = turn
        calls[what]()  # not timed: it warms the caches that the others have filled
        start = time.perf_counter()
        for _ in range(steps):
            calls[what]()
        pipe.send((time.perf_counter() - start) / steps)
    pipe.send(round(_peak_megabytes() - before, 1))


@contextlib.contextmanager
def _silence():
    """Keep the greetings that frameworks write below Python from the screen."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _peak_megabytes():
    import resource  # not on Windows

    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    main()
