"""The stacked network: its gradients, what it learns, its complaints."""

import numpy as np
import pytest

from medlstm.cells import CELLS, run
from medlstm.explanation import trace
from medlstm.gradients import complex_step, relative_error
from medlstm.network import SequenceClassifier
from medlstm.optimizers import SGD


def small(seed=0, **options):
    return SequenceClassifier(input_size=3, units=(5, 4), classes=3, seed=seed, **options)


def task(rng, n=120):
    """Three classes, told apart by which of three inputs was on in the first step."""
    y = rng.integers(0, 3, n)
    x = rng.normal(scale=0.1, size=(n, 6, 3)).astype(np.float32)
    x[np.arange(n), 0, y] += 1
    return x, y


def test_parts_of_the_classic_network():
    shapes = {name: array.shape for name, array in SequenceClassifier(28, (128, 64), 10).parameters.items()}
    assert shapes == {
        "lstm_0/kernel": (28, 512),
        "lstm_0/recurrent_kernel": (128, 512),
        "lstm_0/bias": (512,),
        "lstm_1/kernel": (128, 256),
        "lstm_1/recurrent_kernel": (64, 256),
        "lstm_1/bias": (256,),
        "head/kernel": (64, 10),
        "head/bias": (10,),
    }


def test_gradient_of_the_whole_network_by_complex_step(rng):
    network = small(dtype=np.float64, optimizer=SGD(0.0))
    x, y = rng.normal(size=(4, 6, 3)), np.array([0, 2, 1, 2])
    network.train_on_batch(x, y)
    assert list(network.named_layers) == ["lstm_0", "lstm_1", "head"]
    gradients = {
        f"{name}/{key}": array for name, layer in network.named_layers.items() for key, array in layer.gradients.items()
    }

    def loss(name, value):
        p = network.parameters | {name: value}
        h = x
        for layer in ("lstm_0", "lstm_1"):
            part = {key.split("/")[1]: a for key, a in p.items() if key.startswith(layer)}
            h = run(CELLS["standard"], h, part)[0]["hidden"]
        z = h[:, -1] @ p["head/kernel"] + p["head/bias"]
        return -np.log(np.exp(z)[np.arange(4), y] / np.exp(z).sum(axis=1)).mean()

    for name, value in network.parameters.items():
        exact = complex_step(lambda v, name=name: loss(name, v), value)
        assert relative_error(gradients[name], exact) < 1e-12, name


def test_gradient_of_the_input_by_complex_step(rng):
    network = small(dtype=np.float64)
    x, w = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 3))
    network.forward(x)
    dx = network.backward(w)

    def loss(v):
        for lstm in network.lstms:
            v = run(CELLS["standard"], v, lstm.parameters)[0]["hidden"]
        return (w * (v[:, -1] @ network.head.kernel)).sum()

    assert relative_error(dx, complex_step(loss, x)) < 1e-12


def test_it_learns(rng):
    x, y = task(rng)
    network = small()
    history = network.fit(x[:90], y[:90], epochs=60, batch_size=16, validation_data=(x[90:], y[90:]), progress=False)
    assert {key: len(values) for key, values in history.items()} == dict.fromkeys(
        ("loss", "val_loss", "val_accuracy"), 60
    )
    assert history["loss"][-1] < 0.2 < history["loss"][0]
    assert network.evaluate(x[90:], y[90:])[1] == history["val_accuracy"][-1] >= 0.9


def test_the_read_out_of_each_step_is_that_of_the_sequence_cut_there(rng):
    network, (x, _) = small(dtype=np.float64), task(rng, 5)
    network.head.bias = rng.normal(size=3)
    logits = network.forward_each_step(x)
    assert logits.shape == (5, 6, 3)
    for t in range(6):
        np.testing.assert_allclose(logits[:, t], network.forward(x[:, : t + 1]), atol=1e-14)
    with pytest.raises(ValueError, match=r"x: expected shape \(N, T, 3\), got \(5, 3\)"):
        network.forward_each_step(x[:, 0])


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"units": []}, TypeError, r"units: expected a sequence of one whole number or more, got \[\]"),
        ({"units": 5}, TypeError, "units: expected a sequence of one whole number or more, got 5"),
        ({"units": (5, 0)}, ValueError, r"units\[1\]: expected a whole number of at least 1, got 0"),
        ({"classes": 0}, ValueError, "classes: expected a whole number of at least 2, got 0"),
        ({"input_size": 3.0}, TypeError, "input_size: expected a whole number of at least 1, got 3.0"),
        ({"seed": None}, TypeError, "seed: expected a whole number of at least 0, got None"),
        ({"dtype": "int32"}, TypeError, "dtype: expected a floating-point type, got 'int32'"),
    ],
)
def test_bad_settings_get_one_clear_sentence(settings, error, message):
    with pytest.raises(error, match=message):
        SequenceClassifier(**{"input_size": 3, "units": (5,), "classes": 3} | settings)


def test_trace_follows_the_network(rng):
    x, _ = task(rng, 5)
    network = small()
    first, second = trace(network, x)
    assert set(first) == {"hidden", "cell", "forget", "input", "candidate", "output"}
    np.testing.assert_allclose(first["hidden"], network.lstms[0].forward(x)[0], atol=1e-6)
    assert second["cell"].shape == (5, 6, 4)
    np.testing.assert_allclose(second["hidden"], second["output"] * np.tanh(second["cell"]), atol=1e-6)
