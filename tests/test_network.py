"""The stacked network: its gradients, its training, its files, its complaints."""

import numpy as np
import pytest

from medlstm.cells import CELLS, run
from medlstm.explanation import evidence, trace
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
    shapes = {name: array.shape for name, array in
              SequenceClassifier(28, (128, 64), 10).parameters.items()}
    assert shapes == {"lstm_0/kernel": (28, 512), "lstm_0/recurrent_kernel": (128, 512),
                      "lstm_0/bias": (512,), "lstm_1/kernel": (128, 256),
                      "lstm_1/recurrent_kernel": (64, 256), "lstm_1/bias": (256,),
                      "head/kernel": (64, 10), "head/bias": (10,)}


def test_gradient_of_the_whole_network_by_complex_step(rng):
    network = small(dtype=np.float64, optimizer=SGD(0.0))
    x, y = rng.normal(size=(4, 6, 3)), np.array([0, 2, 1, 2])
    network.train_on_batch(x, y)
    gradients = {f"{name}/{key}": array for name, layer in
                 zip(("lstm_0", "lstm_1", "head"), network.layers, strict=True) for key, array in layer.gradients.items()}

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
    history = network.fit(x[:90], y[:90], epochs=60, batch_size=16, validation_data=(x[90:], y[90:]),
                          progress=False)
    assert {key: len(values) for key, values in history.items()} == dict.fromkeys(
        ("loss", "val_loss", "val_accuracy"), 60)
    assert history["loss"][-1] < 0.2 < history["loss"][0]
    assert network.evaluate(x[90:], y[90:])[1] == history["val_accuracy"][-1] >= 0.9


def test_a_seed_decides_everything(rng):
    x, y = task(rng)
    a, b, c = small(1), small(1), small(2)
    histories = [network.fit(x, y, 2, 16, progress=False) for network in (a, b, c)]
    assert histories[0] == histories[1] != histories[2]
    assert np.array_equal(a.predict(x), b.predict(x))


def test_fit_visits_every_example_once_an_epoch(rng):
    x, y = task(rng, 50)
    seen = []
    network = small()
    network.train_on_batch = lambda x, y: seen.append(x) or 0.0
    network.fit(x, y, epochs=2, batch_size=16, progress=False)
    first, second = np.concatenate(seen[:4]), np.concatenate(seen[4:])
    assert not np.array_equal(first, second) and not np.array_equal(first, x)
    for epoch in (first, second):
        assert sorted(epoch.sum(axis=(1, 2))) == sorted(x.sum(axis=(1, 2)))


def test_progress_is_a_line_an_epoch(rng, capsys):
    x, y = task(rng, 20)
    small().fit(x, y, epochs=2, validation_data=(x, y))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[1].startswith("epoch 2/2: loss ")
    assert "validation accuracy" in lines[1]


def test_predict_and_evaluate_do_not_depend_on_the_batch_size(rng):
    x, y = task(rng)
    network = small()
    p = network.predict(x)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(network.predict(x, batch_size=7), p, atol=1e-6)
    loss, accuracy = network.evaluate(x, y)
    assert loss == pytest.approx(-np.log(p[np.arange(len(y)), y]).mean(), rel=1e-5)
    assert accuracy == (p.argmax(axis=1) == y).mean()


def test_a_saved_network_comes_back_to_the_bit(rng, tmp_path):
    x, y = task(rng)
    network = small()
    network.fit(x, y, 1, progress=False)
    network.save(tmp_path / "network.npz")
    again = SequenceClassifier.load(tmp_path / "network.npz")
    assert np.array_equal(network.predict(x), again.predict(x))
    network.save(tmp_path / "without_a_suffix")
    assert {p.name for p in tmp_path.iterdir()} == {"network.npz", "without_a_suffix"}


def test_a_failed_save_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        small().save(tmp_path / "network.npz")
    assert not list(tmp_path.iterdir())


def test_a_missing_or_damaged_file_gets_one_clear_sentence(tmp_path):
    path = tmp_path / "network.npz"
    with pytest.raises(FileNotFoundError, match="network.npz: expected a saved network, got no file"):
        SequenceClassifier.load(path)
    small().save(path)
    whole = path.read_bytes()
    np.save(path.with_suffix(".npy"), np.zeros(3))
    with pytest.raises(ValueError, match="network.npy: expected a network written by"):
        SequenceClassifier.load(path.with_suffix(".npy"))
    for content in (b"", b"nonsense", whole[:-40], whole[:200]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="network.npz: expected a network written by"):
            SequenceClassifier.load(path)
    with path.open("wb") as file:
        np.savez(file, something=np.zeros(3))
    with pytest.raises(ValueError, match="expected a network written by"):
        SequenceClassifier.load(path)
    with path.open("wb") as file:
        np.savez(file, evil=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="expected a network written by"):
        SequenceClassifier.load(path)


@pytest.mark.parametrize(("x", "y", "error", "message"), [
    (np.zeros((2, 6, 4), "f"), np.zeros(2, int), ValueError, r"x: expected shape \(N, T, 3\), got \(2, 6, 4\)"),
    (np.zeros((2, 6, 3), "u1"), np.zeros(2, int), TypeError, "x: expected floating-point numbers, got dtype uint8"),
    (np.zeros((0, 6, 3), "f"), np.zeros(0, int), ValueError, "empty"),
    (np.full((2, 6, 3), np.nan, "f"), np.zeros(2, int), ValueError, "expected finite numbers"),
    (np.zeros((2, 6, 3), "f"), np.zeros(3, int), ValueError, r"y: expected shape \(2,\), got \(3,\)"),
    (np.zeros((2, 6, 3), "f"), np.array([0, 3]), ValueError, "y: expected classes from 0 to 2"),
])
def test_bad_data_gets_one_clear_sentence(x, y, error, message):
    network = small()
    for call in (lambda: network.fit(x, y, 1), lambda: network.train_on_batch(x, y),
                 lambda: network.evaluate(x, y)):
        with pytest.raises(error, match=message):
            call()


def test_evidence_ends_in_the_prediction(rng):
    x, _ = task(rng, 5)
    network = small()
    shown = evidence(network, x)
    assert shown.shape == (5, 6, 3)
    np.testing.assert_allclose(shown[:, -1], network.predict(x), atol=1e-6)
    np.testing.assert_allclose(shown[:, 2], network.predict(x[:, :3]), atol=1e-6)


def test_trace_follows_the_network(rng):
    x, _ = task(rng, 5)
    network = small()
    first, second = trace(network, x)
    assert set(first) == {"hidden", "cell", "forget", "input", "candidate", "output"}
    np.testing.assert_allclose(first["hidden"], network.lstms[0].forward(x)[0], atol=1e-6)
    assert second["cell"].shape == (5, 6, 4)
    np.testing.assert_allclose(second["hidden"], second["output"] * np.tanh(second["cell"]), atol=1e-6)
