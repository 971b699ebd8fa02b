"""Chests that are made up: noise, in which the ill are a little brighter above."""

import numpy as np

from medlstm.datasets import Split, Splits


def chests(rng, count, one_ill_in=2):
    """Some of them, uint8 (count, 28, 28), and which are ill."""
    labels = (np.arange(count) % one_ill_in == one_ill_in - 1).astype(int)
    images = rng.integers(0, 200, (count, 28, 28))
    images[labels == 1, :14] += 5
    return Split(images.astype(np.uint8), labels)


def on_two_test_sets(experiment, job, settings, monkeypatch, rng, most=160, one_ill_in=2):
    """What an experiment makes of one job, twice: the test images differ, and nothing else."""
    train, val = chests(rng, most, one_ill_in), chests(rng, 60, one_ill_in)
    for test in (chests(rng, 40, one_ill_in), chests(rng, 50, one_ill_in)):
        monkeypatch.setattr(experiment, "load_medmnist", lambda name, test=test: Splits(train, val, test))
        yield experiment.run(job, settings)
