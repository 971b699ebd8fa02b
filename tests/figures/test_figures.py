"""Every drawing can be drawn, and the six quantities can be told apart."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from medlstm import figures
from medlstm.evaluation.calibration import Reliability
from medlstm.explanation import evidence, trace
from medlstm.network import SequenceClassifier


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def read(rng):
    network = SequenceClassifier(28, (8, 6), 10)
    x = rng.random((3, 28, 28), np.float32)
    return network, x


def titles(figure):
    return [axis.get_title(loc="left") or axis.get_title() for axis in figure.axes]


def test_six_quantities_have_six_colours_and_six_marks():
    looks = figures.QUANTITIES.values()
    assert len({look.colour for look in looks}) == len({look.marker for look in looks}) == 6


def test_six_quantities_differ_in_grey_or_in_their_mark():
    grey = [
        np.dot([int(look.colour[k : k + 2], 16) for k in (1, 3, 5)], [0.299, 0.587, 0.114])
        for look in figures.QUANTITIES.values()
    ]
    assert min(255 - g for g in grey) > 70  # each is seen on white paper


@pytest.mark.parametrize("order", [None, np.array([3, 0, 5, 1, 2, 4])])
def test_gate_maps_show_all_six_with_the_cells_in_one_order(read, order):
    network, x = read
    layer = trace(network, x)[1]
    figures.gate_maps(x[1], layer, "title", order, example=1)
    maps = [axis.images[0].get_array() for axis in plt.gcf().axes if axis.images][1:]
    order = range(6) if order is None else order
    for drawn, name in zip(maps, figures.QUANTITIES, strict=True):
        np.testing.assert_array_equal(drawn, layer[name][1][:, order])


def test_reading_shows_the_evidence_row_by_row(read):
    network, x = read
    p = evidence(network, x)
    figures.reading(x, p, "title")
    axes = plt.gcf().axes
    assert len(axes) == 6
    np.testing.assert_array_equal(axes[3].images[0].get_array(), p[1])


def test_confusion_prints_every_count_and_colours_only_mistakes():
    matrix = np.array([[50, 3], [0, 40]])
    figures.confusion(matrix, "title")
    axis = plt.gca()
    assert sorted(text.get_text() for text in axis.texts) == ["3", "40", "50"]
    np.testing.assert_array_equal(axis.images[0].get_array(), [[0, 3], [0, 0]])


def test_seeds_are_dots_with_their_mean():
    figures.seeds({"a": [0.97, 0.99], "b": [0.5]}, "title")
    axis = plt.gca()
    np.testing.assert_allclose(axis.lines[0].get_xdata(), [97, 99])
    assert [text.get_text() for text in axis.texts] == ["98.00", "50.00"]


def test_seeds_stand_beside_chance():
    figures.seeds({"a": [0.97, 0.99]}, "title", chance=0.25)
    assert list(plt.gca().lines[-1].get_xdata()) == [25, 25] and plt.gca().texts[-1].get_text() == "chance"


def test_dots_stand_beside_their_middle():
    figures.dots({"a": [3.0, 1.0, 8.0]}, "title", "milliseconds")
    axis = plt.gca()
    assert list(axis.lines[0].get_xdata()) == [3, 1, 8] and list(axis.lines[1].get_xdata()) == [3, 3]
    assert [text.get_text() for text in axis.texts] == ["3.0"]


def test_gates_are_drawn_over_the_ink_and_named():
    gates = {name: np.linspace(0.2, high, 28) for name, high in (("forget", 0.9), ("input", 0.5), ("output", 0.89))}
    figures.gates_by_row(gates, np.linspace(0, 1, 28), "title")
    axis = plt.gca()
    for line, (name, values) in zip(axis.lines, gates.items(), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), values)
        assert line.get_color() == figures.QUANTITIES[name].colour
    assert {"forget gate", "input gate", "output gate"} < {text.get_text() for text in axis.texts}


def test_attributions_stand_on_one_scale_and_each_on_its_own(read):
    _, x = read
    values = x - 0.7
    figures.attributions({"one": values, "two": -values / 8}, "title")
    panels = [axis for axis in plt.gcf().axes if axis.images and axis.get_label() != "<colorbar>"]
    assert len(panels) == 12 and panels[6].get_ylabel() == "two"
    assert all(axis.images[0].get_clim() == (-1, 1) for axis in panels)
    drawn = [axis.images[0].get_array() for axis in panels]
    np.testing.assert_allclose(drawn[1], values[1] / np.abs(values).max())
    np.testing.assert_allclose(drawn[7], -values[1] / 8 / np.abs(values).max())
    np.testing.assert_allclose(drawn[10], -values[1] / np.abs(values[1]).max())


def test_profiles_stand_beside_the_middle_of_their_bands(read):
    _, x = read
    falls = np.arange(3 * 27.0).reshape(3, 27)
    figures.beside_rows(x, {"blank": falls}, "title")
    line = plt.gcf().axes[3].lines[1]
    np.testing.assert_array_equal(line.get_xdata(), falls[1])
    np.testing.assert_array_equal(line.get_ydata(), np.arange(27) + 0.5)


def test_small_multiples_share_a_scale_and_name_their_lines_once():
    panels = {
        "one": {"plain RNN": [1, 0.1, 0.01], "cell": [1, 0.5, 0.2]},
        "two": {"plain RNN": [1, 2, 3], "cell": [1, 1, 1]},
    }
    figures.curves_side_by_side(panels, "lag", "size", "title", quantities={"cell": "cell"})
    left, right = plt.gcf().axes
    assert left.get_ylim() == right.get_ylim() and left.get_yscale() == "log"
    assert [text.get_text() for text in right.texts] == ["plain RNN", "cell"] and not left.texts
    assert left.lines[1].get_color() == figures.QUANTITIES["cell"].colour
    assert left.lines[0].get_color() == figures.LINES[-1]


def test_a_band_and_a_place_are_marked_behind_the_curves():
    figures.curves({"a": [1, 10, 100]}, "factor", "size", "title", x=[0.5, 1, 2], band=(0.1, 10), upright=1)
    axis = plt.gca()
    assert list(axis.lines[0].get_xdata()) == [1, 1] and len(axis.patches) == 1
    np.testing.assert_array_equal(axis.lines[1].get_xdata(), [0.5, 1, 2])


def test_shares_stand_beside_the_rows_of_the_image(read):
    _, x = read
    shares = np.linspace(0, 1, 28)
    figures.along_rows(x[0], shares, np.ones(28), "share", "title")
    line = plt.gcf().axes[1].lines[0]
    np.testing.assert_array_equal(line.get_xdata(), shares)
    np.testing.assert_array_equal(line.get_ydata(), np.arange(28))


def test_the_two_errors_of_a_threshold_are_counted():
    figures.two_groups(np.arange(10.0), np.arange(5.0, 15), 7, ([0, 1], [0, 1]), "title")
    words = " ".join(text.get_text() for text in plt.gcf().axes[0].texts)
    assert "missed: 20%" in words and "false alarm: 30%" in words


def test_each_unit_is_numbered_at_the_end_of_its_line():
    figures.over_time(
        {"held": (np.ones((5, 3)), "cell"), "free": (np.zeros((5, 3)), "cell")}, np.ones((1, 3)), "c", "t"
    )
    for axis in plt.gcf().axes:
        assert [text.get_text() for text in axis.texts] == ["1", "2", "3"]


def test_learning_curve_has_a_tick_an_epoch():
    losses = np.linspace(2, 0.1, 120)
    figures.learning_curve(losses, 40, "It falls")
    axis = plt.gca()
    assert list(axis.get_xticks()) == [0, 40, 80, 120] and titles(plt.gcf()) == ["It falls"]
    mean = axis.lines[1]
    np.testing.assert_allclose(mean.get_ydata(), np.interp(mean.get_xdata() - 0.5, axis.lines[0].get_xdata(), losses))


def test_digits_and_rows(read):
    _, x = read
    figures.digits(x, ["a", "b", "c"], columns=2, title="title")
    assert [t for t in titles(plt.gcf()) if t] == ["a", "b", "c"]
    figures.rows_of_a_digit(x[0], (3, 20), "title")
    assert [text.get_text() for text in plt.gcf().axes[1].texts] == ["$x_{3}$", "$x_{20}$"]


def test_a_reliability_figure_says_what_its_axes_are():
    table = Reliability(np.array([0.1, 0.9]), np.array([0.0, 0.4]), np.array([5, 5]))
    figures.reliability({"validation": table, "test": table}, "title", "predicted share", "observed share")
    left, right = plt.gcf().axes
    assert left.get_ylabel() == "observed share" and right.get_xlabel() == "predicted share"
    np.testing.assert_array_equal(right.lines[1].get_xydata(), [[0.1, 0.0], [0.9, 0.4]])


def test_learning_curves_show_each_draw_the_mean_and_its_interval():
    draws = np.array([[0.6, 0.7, 0.8], [0.7, 0.7, 0.9]])
    figures.learning_curves({"breasts": ([25, 50, 100], {"cnn": (draws, np.full(3, 0.1))})}, "images", "AUC", "title")
    axis = plt.gca()
    mean, *single = axis.lines[:3]
    np.testing.assert_allclose(mean.get_ydata(), [0.65, 0.7, 0.85])
    np.testing.assert_allclose([line.get_ydata() for line in single], draws)
    ends = np.array(axis.collections[0].get_segments())[:, :, 1]
    np.testing.assert_allclose(ends, [[0.55, 0.75], [0.6, 0.8], [0.75, 0.95]])
    assert [label.get_text() for label in axis.get_xticklabels()] == ["25", "50", "100"]
    assert [text.get_text() for text in axis.texts] == ["cnn"]
