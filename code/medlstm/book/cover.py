"""What is the picture on the first page? ``python -m medlstm.book cover`` draws it again."""

import matplotlib.pyplot as plt

from medlstm import figures
from medlstm.datasets import load_mnist, scaled
from medlstm.explanation import evidence
from medlstm.files import DATA, ROOT
from medlstm.network import SequenceClassifier


def draw(path=ROOT / "_static" / "reading.png"):
    """Write the picture of a trained network that reads three test digits."""
    network = SequenceClassifier.load(DATA / "weights" / "mnist_rows_numpy_article.npz")
    _, (images, _) = load_mnist()
    images = scaled(images[[0, 3, 61]])
    figures.reading(images, evidence(network, images), "What the network would answer after each row")
    plt.savefig(path, dpi=150, metadata={"Software": None})
    plt.close()
