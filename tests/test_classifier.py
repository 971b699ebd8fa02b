"""What all networks share: training, judging, files, and what stops them."""

import io
import time
import zipfile

import numpy as np
import pytest

from medlstm.checks import NotFinite
from medlstm.classifier import Classifier
from medlstm.layers import softmax_cross_entropy
from medlstm.network import RowsAndColumns, SequenceClassifier
from medlstm.optimizers import SGD, Adam


def small(**options):
    return SequenceClassifier(**{"input_size": 3, "units": (5, 4), "classes": 3} | options)


def task(rng, n=120):
    """Three classes, told apart by which of three inputs was on in the first step."""
    y = rng.integers(0, 3, n)
    x = rng.normal(scale=0.1, size=(n, 6, 3)).astype(np.float32)
    x[np.arange(n), 0, y] += 1
    return x, y


def test_a_seed_decides_everything(rng):
    x, y = task(rng)
    a, b, c = small(seed=1), small(seed=1), small(seed=2)
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


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (np.zeros((2, 6, 4), "f"), np.zeros(2, int), ValueError, r"x: expected shape \(N, T, 3\), got \(2, 6, 4\)"),
        (np.zeros((2, 6, 3), "u1"), np.zeros(2, int), TypeError, "x: expected floating-point numbers, got dtype uint8"),
        (np.zeros((0, 6, 3), "f"), np.zeros(0, int), ValueError, "empty"),
        (np.full((2, 6, 3), np.nan, "f"), np.zeros(2, int), ValueError, "expected finite numbers"),
        (np.zeros((2, 6, 3), "f"), np.zeros(3, int), ValueError, r"y: expected shape \(2,\), got \(3,\)"),
        (np.zeros((2, 6, 3), "f"), np.array([0, 3]), ValueError, "y: expected classes from 0 to 2"),
    ],
)
def test_bad_data_gets_one_clear_sentence(x, y, error, message):
    network = small()
    for call in (lambda: network.fit(x, y, 1), lambda: network.train_on_batch(x, y), lambda: network.evaluate(x, y)):
        with pytest.raises(error, match=message):
            call()


def test_a_network_must_say_how_it_computes():
    class Nothing(Classifier):
        """Lacks all that a network writes."""

    with pytest.raises(TypeError, match="abstract"):
        Nothing(("N", 2), 2, 0, Adam())


def test_looking_at_validation_data_changes_nothing(rng):
    x, y = rng.random((20, 4, 5)), rng.integers(0, 3, 20)
    a, b = (
        RowsAndColumns(4, 5, (3,), 3).fit(x, y, 3, batch_size=5, progress=False, validation_data=data)
        for data in (None, (x, y))
    )
    assert a["loss"] == b["loss"]


def test_labels_are_smoothed_in_training_only(rng):
    network = RowsAndColumns(4, 5, (3,), 3, dropout=0.0, label_smoothing=0.3, dtype=np.float64)
    x, y = rng.normal(size=(6, 4, 5)), rng.integers(0, 3, 6)
    logits = network.forward(x)
    assert network.evaluate(x, y)[0] == pytest.approx(softmax_cross_entropy(logits, y)[0])
    assert network.train_on_batch(x, y) == pytest.approx(softmax_cross_entropy(logits, y, 0.3)[0])


def test_fit_sets_the_learning_rate_and_augments(rng):
    x, y = task(rng, 10)
    asked, trained, network = [], [], small()
    train_on_batch = network.train_on_batch
    network.train_on_batch = lambda x, y: trained.append(x) or train_on_batch(x, y)
    network.fit(
        x,
        y,
        2,
        batch_size=5,
        progress=False,
        augment=lambda batch, rng: batch * 0,
        learning_rate=lambda done: asked.append(done) or 0.0,
    )
    assert asked == [0, 0.25, 0.5, 0.75] and network.optimizer.learning_rate == 0
    assert len(trained) == 4 and not np.any(trained)


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("epochs", 0, ValueError, "epochs: expected a whole number of at least 1, got 0"),
        ("epochs", -1, ValueError, "epochs: .* got -1"),
        ("batch_size", 0, ValueError, "batch_size: expected a whole number of at least 1, got 0"),
        ("batch_size", -1, ValueError, "batch_size: .* got -1"),
        ("batch_size", 2.5, TypeError, "batch_size: .* got 2.5"),
        ("learning_rate", lambda done: -done or float("nan"), ValueError, "learning_rate: .* got nan"),
    ],
)
def test_bad_settings_of_training_get_one_clear_sentence(name, value, error, message, rng):
    x, y = task(rng, 10)
    with pytest.raises(error, match=message):
        small().fit(x, y, progress=False, **{"epochs": 1} | {name: value})


@pytest.mark.parametrize("size", [0, -1])
def test_bad_batch_sizes_of_judging_get_one_clear_sentence(size, rng):
    x, y = task(rng, 10)
    for call in (small().predict, lambda x, batch_size: small().evaluate(x, y, batch_size)):
        with pytest.raises(ValueError, match=f"batch_size: expected a whole number of at least 1, got {size}"):
            call(x, batch_size=size)


def test_weights_that_are_not_finite_are_refused(rng):
    x, y = task(rng, 10)
    network = small()
    network.lstms[1].bias[3] = np.nan
    for call in (lambda: network.predict(x), lambda: network.evaluate(x, y), lambda: network.train_on_batch(x, y)):
        with pytest.raises(NotFinite, match="weights: expected finite numbers, got NaN or infinity in lstm_1/bias;"):
            call()


@pytest.mark.parametrize("scale", [1e25, 1e36, 3e38])
@pytest.mark.parametrize("make", [small, lambda: RowsAndColumns(6, 3, (4, 4), 3)])
def test_training_stops_where_the_loss_is_not_finite(make, scale, rng):
    x, y = task(rng, 30)
    network = make()
    for array in network.parameters.values():
        array[...] = scale * rng.uniform(-1, 1, array.shape)
    before = {name: array.copy() for name, array in network.parameters.items()}
    with pytest.raises(NotFinite, match="loss: expected finite logits, loss and gradients, got .* weights are as"):
        network.fit(x, y, 1, progress=False)
    assert all(np.array_equal(array, before[name]) for name, array in network.parameters.items())
    for call in (lambda: network.predict(x), lambda: network.evaluate(x, y)):
        with pytest.raises(NotFinite, match="loss: expected finite logits"):
            call()


@pytest.mark.parametrize("optimizer", [lambda: SGD(1e30), lambda: Adam(1e38)])
def test_a_training_that_explodes_says_so(optimizer, rng):
    x, y = task(rng, 30)
    with pytest.raises(NotFinite, match="smaller learning rate"):
        small(optimizer=optimizer()).fit(x, y, 20, batch_size=10, progress=False)


def test_an_optimizer_is_not_shared(rng):
    x, y = task(rng, 10)
    optimizer = Adam()
    a, b = small(optimizer=optimizer), small(optimizer=optimizer)
    a.train_on_batch(x, y)
    before = b.predict(x)
    with pytest.raises(ValueError, match="give each network an optimizer of its own"):
        b.train_on_batch(x, y)
    assert np.array_equal(b.predict(x), before)


def saved(tmp_path, network):
    network.save(tmp_path / "network.npz")
    return tmp_path / "network.npz"


def archive(path, compression=zipfile.ZIP_STORED, **members):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name.replace("_0_", "_0/") + ".npy", content)


def npy(shape, values=0):
    """An .npy file whose header claims a shape, and which holds so many zeros."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return file.getvalue() + bytes(4 * values)


@pytest.mark.parametrize("shape", [(10**10,), (10**18,), (20_000, 80_000), (2**62, 4), (0,), ()])
def test_a_file_that_claims_more_than_it_holds_is_refused_at_once(shape, tmp_path):
    path = tmp_path / "network.npz"
    archive(path, lstm_0_kernel=npy((1, 4), 4), lstm_0_recurrent_kernel=npy(shape, 4))
    start = time.process_time()
    with pytest.raises(ValueError, match="network.npz: expected a network written by"):
        SequenceClassifier.load(path)
    assert time.process_time() - start < 0.5  # a processor that others use is slow, not wrong


@pytest.mark.parametrize("kernel", [(1, 1), (2000, 1), (5, 2000)])
def test_sizes_that_do_not_fit_each_other_are_refused_at_once(kernel, tmp_path):
    """Arrays that are all there, and would make a network far larger than the file."""
    path = tmp_path / "network.npz"
    archive(
        path,
        lstm_0_kernel=npy(kernel, kernel[0] * kernel[1]),
        lstm_0_recurrent_kernel=npy((2000, 1), 2000),
        lstm_0_bias=npy((4,), 4),
        **{"head/kernel": npy((1, 2), 2), "head/bias": npy((2,), 2)},
    )
    start = time.process_time()
    with pytest.raises(ValueError, match="it holds other weights than a network of sizes"):
        SequenceClassifier.load(path)
    assert time.process_time() - start < 0.5  # a processor that others use is slow, not wrong


def test_a_compressed_file_is_refused_at_once(tmp_path):
    path = tmp_path / "network.npz"
    archive(path, zipfile.ZIP_DEFLATED, lstm_0_kernel=npy((10**6, 4), 4 * 10**6))
    start = time.process_time()
    with pytest.raises(ValueError, match="its members are compressed"):
        SequenceClassifier.load(path)
    assert time.process_time() - start < 0.5  # a processor that others use is slow, not wrong


def test_the_other_network_is_refused(tmp_path):
    path = saved(tmp_path, RowsAndColumns(4, 5, (3,), 3))
    with pytest.raises(ValueError, match="expected a network written by SequenceClassifier.save"):
        SequenceClassifier.load(path)
    with pytest.raises(ValueError, match="expected a network written by RowsAndColumns.save"):
        RowsAndColumns.load(saved(tmp_path, small()))


@pytest.mark.parametrize(
    "network", [SequenceClassifier(3, (5, 4), 3, 1, dtype=np.float64), RowsAndColumns(4, 6, (3, 2), 5, 1)]
)
def test_sizes_are_read_from_the_file(network, tmp_path):
    again = type(network).load(saved(tmp_path, network))
    assert type(again)._count(*again._sizes({k: a.shape for k, a in again.parameters.items()})) == sum(
        array.size for array in network.parameters.values()
    )
    assert (again.input_shape, again.classes) == (network.input_shape, network.classes)
    assert all(
        a.tobytes() == network.parameters[k].tobytes() and a.dtype == network.parameters[k].dtype
        for k, a in again.parameters.items()
    )
