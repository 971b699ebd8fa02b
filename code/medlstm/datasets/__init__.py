"""What the networks read: digits, medical images, data that are made, and what may be done to an image."""

from medlstm.datasets.augmentation import shift
from medlstm.datasets.corruptions import ACQUISITION, CORRUPTIONS, corrupt
from medlstm.datasets.labels import mislabelled
from medlstm.datasets.manifest import checksums
from medlstm.datasets.medmnist import BOOK_SETS, at_hand, content_checksum, fetch_medmnist, load_medmnist, medmnist_info
from medlstm.datasets.mnist import load_mnist
from medlstm.datasets.phantoms import (
    Films,
    Lesions,
    Ventricles,
    contrast_films,
    drawn_checksum,
    fit_discs,
    latch,
    lesions,
    ventricle,
    vessels,
)
from medlstm.datasets.splits import Split, Splits, duplicates, scaled, scaled_parts
from medlstm.datasets.tables import covariate, distance

__all__ = [
    "ACQUISITION",
    "BOOK_SETS",
    "CORRUPTIONS",
    "Films",
    "Lesions",
    "Split",
    "Splits",
    "Ventricles",
    "at_hand",
    "checksums",
    "content_checksum",
    "contrast_films",
    "corrupt",
    "covariate",
    "distance",
    "drawn_checksum",
    "duplicates",
    "fetch_medmnist",
    "fit_discs",
    "latch",
    "lesions",
    "load_medmnist",
    "load_mnist",
    "medmnist_info",
    "mislabelled",
    "scaled",
    "scaled_parts",
    "shift",
    "ventricle",
    "vessels",
]
