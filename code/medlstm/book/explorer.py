"""What runs in a page? The explorer and the playable cover, with their networks, images and numbers.

``explorer/`` holds the scripts; what they show comes from here: the colours of `medlstm.figures`, the networks of the
experiment ``explorer``, the answers of the stored networks. ``python -m medlstm.book explorer`` draws the pictures
again that stand in where no script runs, and ``explorer/chests.png``.
"""

import base64
import hashlib
import json
from functools import cache

import matplotlib.pyplot as plt
import numpy as np

from medlstm import figures
from medlstm.cells import CELLS, run, softmax
from medlstm.datasets import lesions, load_medmnist, load_mnist, scaled
from medlstm.explanation import evidence
from medlstm.figures.style import QUANTITIES, SIGNED
from medlstm.files import DATA, ROOT
from medlstm.network import SequenceClassifier

SCRIPTS = ROOT / "explorer"
CHESTS = SCRIPTS / "chests.png"
LETTERS = {"forget": "f", "input": "i", "candidate": "g", "output": "o", "cell": "c", "hidden": "h"}
DIGITS = [str(k) for k in range(10)]
DIAGNOSES = ["healthy", "pneumonia"]
NETWORKS = {
    "digits_standard": "LSTM, for digits",
    "digits_no_forget": "without a forget gate (1997)",
    "digits_softmax_output": "softmax for its output gate",
    "digits_article": "the misprinted cell",
    "chests_standard": "LSTM, for chest radiographs",
}


@cache
def weights(name):
    """The arrays of one of `NETWORKS`: kernel, recurrent_kernel, bias, head/kernel and head/bias."""
    with np.load(DATA / "weights" / f"explorer_{name}.npz", allow_pickle=False) as file:
        return dict(file)


def read(name, images):
    """What one of `NETWORKS` does with images (N, 28, 28) from 0 to 1, in double precision.

    Returns
    -------
    trace : dict of arrays (N, 28, H)
        As `medlstm.cells.run` returns it.
    probabilities : array (N, 28, K)
        The answer after each row.
    """
    arrays = {key: array.astype(np.float64) for key, array in weights(name).items()}
    trace, _ = run(CELLS[cell_of(name)], np.asarray(images, np.float64), arrays)
    return trace, softmax(trace["hidden"] @ arrays["head/kernel"] + arrays["head/bias"])


def cell_of(name):
    """The key in `CELLS` of one of `NETWORKS`."""
    return name.split("_", 1)[1]


def network(name):
    """One of `NETWORKS` as its script carries it: single-precision weights in base64, in the order of `weights`."""
    arrays = [weights(name)[key] for key in ("kernel", "recurrent_kernel", "bias", "head/kernel", "head/bias")]
    content = b"".join(array.astype("<f4").tobytes() for array in arrays)
    inputs, (units, classes) = arrays[0].shape[0], arrays[3].shape
    return {
        "cell": cell_of(name),
        "blocks": CELLS[cell_of(name)].blocks,
        "sizes": [inputs, units, classes],
        "sha256": hashlib.sha256(content).hexdigest(),
        "weights": base64.b64encode(content).decode(),
    }


def examples():
    """Images to choose from, as (name, title, kind, pixels uint8 (28, 28)): digits, chests, and what is neither.

    The digits are the first two of each class in the test set; the chests the first healthy and the first ill of the
    validation set; the phantom a slice through a lesion.
    """
    _, (images, classes) = load_mnist()
    for digit in range(10):
        for nth, index in zip("ab", np.flatnonzero(classes == digit)):
            yield f"digit_{digit}{nth}", f"digit {digit}, {nth}", "digit", images[index]
    for name, chest in zip(DIAGNOSES, chests()):
        yield f"chest_{name}", f"chest radiograph, {name}", "chest", chest
    yield "phantom", "phantom slice, which is neither", "phantom", phantom()


def chests():
    """A healthy and an ill child of PneumoniaMNIST's validation set, uint8 (2, 28, 28)."""
    pixels = np.rint(plt.imread(CHESTS)[:, :, 0] * 255).astype(np.uint8)
    return np.stack(np.split(pixels, 2, axis=1))


def phantom():
    """The slice of a made volume in which a lesion is largest, uint8 (28, 28)."""
    made = lesions(8, np.random.default_rng(0), size=28)
    image = made.images[np.unravel_index(made.masks.sum((2, 3)).argmax(), made.masks.shape[:2])]
    return np.rint(255 * np.clip((image + 1) / 4, 0, 1)).astype(np.uint8)


def setup():
    """What the explorer's script knows beside its weights."""
    quantities = {
        LETTERS[name]: {"title": look.title, "colour": look.colour, "low": look.low, "high": look.high}
        for name, look in QUANTITIES.items()
    }
    return {
        "quantities": quantities,
        "signed": [_hex(SIGNED(share)) for share in (0.0, 1.0)],
        "networks": {
            name: {
                "title": title,
                "reads": name.split("_")[0].removesuffix("s"),
                "classes": DIGITS if name.startswith("digits") else DIAGNOSES,
                "sha256": network(name)["sha256"],
            }
            for name, title in NETWORKS.items()
        },
        "examples": [
            {"name": name, "title": title, "kind": kind, "pixels": base64.b64encode(pixels.tobytes()).decode()}
            for name, title, kind, pixels in examples()
        ],
    }


def cover():
    """What the playable cover shows: four images, and the answers of stored networks after each row."""
    _, (images, _) = load_mnist()
    reader = SequenceClassifier.load(DATA / "weights" / "mnist_rows_numpy_article.npz")
    digits = images[[0, 3, 61]]
    chest = chests()[1:]
    tiles = [(image, "digit", DIGITS, p) for image, p in zip(digits, evidence(reader, scaled(digits)))]
    tiles.append((chest[0], "chest", DIAGNOSES, read("chests_standard", scaled(chest))[1][0]))
    return [
        {
            "pixels": base64.b64encode(image.tobytes()).decode(),
            "kind": kind,
            "classes": classes,
            "answers": np.round(answers, 3).tolist(),
        }
        for image, kind, classes, answers in tiles
    ]


def write(folder):
    """Write the files that pages load: two scripts, their stylesheet, and one script a network."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [(SCRIPTS / f"{part}.js").read_text() for part in ("equations", "network", "drawing", "component")]
    (folder / "explorer.js").write_text(_alone(f"const SETUP = {_json(setup())};\n", *parts))
    (folder / "cover.js").write_text(_alone(f"const TILES = {_json(cover())};\n", (SCRIPTS / "cover.js").read_text()))
    (folder / "explorer.css").write_text((SCRIPTS / "explorer.css").read_text())
    for name in NETWORKS:
        (folder / f"{name}.js").write_text(f'LSTMExplorer.arrive("{name}", {_json(network(name))});\n')


def draw():
    """Store the two chests, and the picture that stands in for the explorer where no script runs."""
    validation = load_medmnist("pneumoniamnist").val
    first = [validation.images[np.flatnonzero(validation.labels == label)[0]] for label in (0, 1)]
    plt.imsave(CHESTS, np.concatenate(first, axis=1), cmap="gray", vmin=0, vmax=255, metadata={"Software": None})
    image = dict((name, pixels) for name, _, _, pixels in examples())["digit_7a"]
    trace, _ = read("digits_standard", scaled(image[None]))
    figures.gate_maps(scaled(image), trace, "What the six quantities did while a seven was read")
    plt.savefig(ROOT / "_static" / "explorer.png", dpi=150, metadata={"Software": None})
    plt.close()


def _alone(*parts):
    """Scripts as one that leaves no names behind."""
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


def _json(value):
    return json.dumps(value, separators=(",", ":"))


def _hex(colour):
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour[:3])
