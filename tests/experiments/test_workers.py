"""Runs go to worker processes: whole results, nothing twice, nothing lost, whoever works and whoever dies."""

import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import toy

import medlstm
from medlstm.environment import threads
from medlstm.experiments import runner, workers

pytestmark = pytest.mark.usefixtures("loopback")

PATHS = os.pathsep.join(str(Path(module.__file__).parents[up]) for module, up in ((medlstm, 1), (toy, 0)))


class Cluster:
    """A scheduler on 127.0.0.1, and workers that come and go, each a process of its own."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        log = self.start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"
        )
        self.address = self.wait_for(log, r"Scheduler at: +(tcp://\S+)")

    def start(self, part, *options, **environment):
        log = self.folder / f"{part}.{len(self.processes)}"
        one_thread = threads(1)
        inherited = {key: value for key, value in os.environ.items() if key not in one_thread}
        command = [sys.executable, "-m", f"distributed.cli.dask_{part}", *options]
        with log.open("w") as file:
            self.processes.append(subprocess.Popen(command, stderr=file, cwd=self.folder, env=inherited | environment))
        return log

    def worker(self, threads=1, paths=PATHS):
        options = ["--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--nthreads", str(threads)]
        log = self.start("worker", self.address, *options, PYTHONPATH=paths)
        self.wait_for(log, "Registered to:( )")
        return self.processes[-1]

    @staticmethod
    def wait_for(log, pattern):
        for _ in range(300):
            if found := re.search(pattern, log.read_text()):
                return found[1]
            time.sleep(0.1)
        raise TimeoutError(log.read_text())

    def stop(self, *processes):
        for process in processes:
            process.kill()
            process.wait()
            self.processes.remove(process)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, loopback):
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.stop(*made.processes[::-1])


@pytest.fixture(scope="module")
def worker(cluster):
    return cluster.worker()


def run(root, experiment=toy, seeds=2, **where):
    return runner.run("toy", experiment, seeds, False, root, **where)


def results(root):
    """The stored rows without their seconds, and the predictions, byte by byte."""
    rows = json.loads((root / "results" / "toy.json").read_text())["runs"]
    with np.load(root / "results" / "toy.npz") as file:
        return [row | {"seconds": None} for row in rows], [(key, file[key].tobytes()) for key in file.files]


def done(root):
    path = root / "results" / "toy.json"
    return len(json.loads(path.read_text())["runs"]) if path.is_file() else 0


def start_client(root, scheduler=""):
    """`run`, in a process of its own."""
    code = (
        "import json, pathlib, sys, toy; from medlstm.experiments import runner; "
        "toy.SETTINGS = json.loads(sys.argv[3]); "
        "runner.run('toy', toy, 2, False, pathlib.Path(sys.argv[1]), 2, sys.argv[2] or None)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(root), scheduler, json.dumps(toy.SETTINGS)],
        env=os.environ | {"PYTHONPATH": PATHS},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def notes(root):
    """Of each job that was begun: its name, the process that asked for it, and whether it came to its end."""
    for path in (root / "notes").iterdir():
        name, pid = path.name.split(".")
        yield name, int(pid), path.read_text() == "ended"


def just_begun(root):
    """Whether a job runs whose end is far enough away to be cut off before it."""
    return any(
        path.read_text() != "ended" and time.time() - path.stat().st_mtime < 0.3 for path in (root / "notes").iterdir()
    )


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """Changes settings of the toy."""
    (tmp_path / "notes").mkdir()
    return lambda **changes: monkeypatch.setattr(
        toy, "SETTINGS", toy.SETTINGS | {"notes": str(tmp_path / "notes")} | changes
    )


@pytest.fixture(scope="module")
def expected(worker, cluster, tmp_path_factory):
    """What one worker leaves."""
    root = tmp_path_factory.mktemp("expected")
    run(root, scheduler=cluster.address)
    return results(root)


def test_every_job_leaves_a_row_and_its_predictions(expected):
    rows, predictions = expected
    assert rows == [
        job | {"seconds": None, "random": random.Random(job["seed"]).random(), "threads": 1, "test": {"accuracy": 3}}
        for job in toy.jobs(2)
    ]
    assert [key for key, _ in predictions] == [
        f"{runner.prediction_key(job)}/{name}" for job in toy.jobs(2) for name in ("test", "validation")
    ]


def test_own_workers_leave_the_same_and_no_other_file(tmp_path, expected, capsys):
    run(tmp_path, workers=2)
    assert results(tmp_path) == expected
    assert sorted(p.name for p in (tmp_path / "results").iterdir()) == ["toy.json", "toy.npz"]
    assert "4 to run, 2 at a time" in capsys.readouterr().out


def test_more_seeds_are_added_and_nothing_runs_twice(tmp_path, cluster, worker, settings, expected, capsys):
    settings()
    run(tmp_path, seeds=1, scheduler=cluster.address)
    run(tmp_path, scheduler=cluster.address)
    run(tmp_path, scheduler="nowhere")
    assert results(tmp_path) == expected and len(list(notes(tmp_path))) == 4
    assert capsys.readouterr().out.endswith("4 of 4 runs are already there\n")


def test_runs_of_other_orders_find_their_places(tmp_path, cluster, worker, monkeypatch, expected):
    jobs = toy.jobs(2)
    monkeypatch.setattr(toy, "jobs", lambda seeds: jobs[:1:-1])
    run(tmp_path, scheduler=cluster.address)
    monkeypatch.setattr(toy, "jobs", lambda seeds: jobs)
    run(tmp_path, scheduler=cluster.address)
    assert results(tmp_path) == expected


def test_a_dead_worker_loses_nothing(tmp_path, cluster, worker, settings, expected):
    settings(nap=0.5)
    second, third = cluster.worker(), cluster.worker(threads=2)
    client = start_client(tmp_path, cluster.address)
    while not any(pid == second.pid for _, pid, _ in notes(tmp_path)):
        assert client.poll() is None
        time.sleep(0.05)
    cluster.stop(second)
    assert client.wait(30) == 0
    cluster.stop(third)
    assert results(tmp_path) == expected
    ended = [name for name, _, end in notes(tmp_path) if end]
    assert sorted(ended) == ["a0", "a1", "b0", "b1"]
    assert len(list(notes(tmp_path))) > 4, "no job was cut short"


def test_it_goes_on_after_a_kill(tmp_path, cluster, worker, settings, expected):
    settings(nap=1.0)
    client = start_client(tmp_path)
    while not (done(tmp_path) and just_begun(tmp_path)):
        assert client.poll() is None
        time.sleep(0.05)
    client.kill()
    client.wait()
    before = done(tmp_path)
    run(tmp_path, scheduler=cluster.address)
    assert results(tmp_path) == expected
    assert 0 < before == 4 - sum(pid == worker.pid for _, pid, _ in notes(tmp_path)) < 4
    assert any(pid == client.pid and not end for _, pid, end in notes(tmp_path)), "its jobs lived on"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("fail", r"ArithmeticError: nothing to divide by \(line \d+ of toy.py\)"),
        ("die", "expected an outcome, got the end of its process with -9, often for lack of memory: try fewer workers"),
    ],
)
def test_a_failure_is_named_and_the_others_are_kept(tmp_path, cluster, worker, settings, how, message):
    settings(**{how: "a1"})
    with pytest.raises(runner.Unfinished, match=f"^dataset=toy model=a seed=1: {message}; 1 of 4 runs are"):
        run(tmp_path, scheduler=cluster.address)
    assert done(tmp_path) == 3


def test_workers_without_the_book_or_its_versions_are_told(tmp_path, cluster, worker, monkeypatch):
    monkeypatch.setattr(workers, "made_with", lambda: {"python": "2.7"})
    with pytest.raises(runner.Unfinished, match="expected a worker with {'python': '2.7'}, got .*numpy"):
        run(tmp_path, scheduler=cluster.address)
    (tmp_path / "medlstm").mkdir()
    (tmp_path / "medlstm" / "__init__.py").touch()
    cluster.stop(worker)
    bare = cluster.worker(paths=str(tmp_path))
    with pytest.raises(runner.Unfinished, match="No module named 'medlstm.experiments'.*4 of 4 runs"):
        run(tmp_path, scheduler=cluster.address)
    cluster.stop(bare)


def test_a_scheduler_that_is_not_there_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "PATIENCE", 1)
    message = "expected a Dask scheduler at tcp://127.0.0.1:1, got none .* 1 s.*`dask worker tcp://127.0.0.1:1`"
    with pytest.raises(runner.Unfinished, match=message):
        run(tmp_path, scheduler="tcp://127.0.0.1:1")


def test_other_settings_are_not_mixed_in(tmp_path, settings):
    stored = tmp_path / "results" / "toy.json"
    stored.parent.mkdir()
    stored.write_text(json.dumps({"settings": {"size": 7}, "data": toy.data(), "runs": []}))
    with pytest.raises(ValueError, match="toy.json: expected .*settings .*'size': 3.* got .*'size': 7"):
        run(tmp_path)
