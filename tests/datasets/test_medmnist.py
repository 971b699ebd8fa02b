"""MedMNIST comes from where it should, whole, in one order; and the data sheet says what is in it."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from medlstm.book.chapters import missing_data
from medlstm.datasets import (
    BOOK_SETS,
    Splits,
    content_checksum,
    duplicates,
    fetch_medmnist,
    load_medmnist,
    manifest,
    medmnist_info,
)
from medlstm.datasets import medmnist as medmnist_files
from medlstm.datasets.manifest import MANIFEST
from medlstm.files import ROOT

TABLE = json.loads(MANIFEST.read_text())["medmnist"]
IMAGE = {
    name: (28, 28, 28) if name.endswith("3d") else (28, 28, 3)[: 2 + TABLE[name]["channels"] // 3] for name in TABLE
}


# The table


def test_all_18_sets():
    assert len(TABLE) == 18 and sum(name.endswith("3d") for name in TABLE) == 6
    assert set(BOOK_SETS) < set(TABLE)
    images = {name: sum(TABLE[name]["images"].values()) for name in TABLE}
    assert sum(images[name] for name in TABLE if not name.endswith("3d")) == 707962
    assert sum(images[name] for name in TABLE if name.endswith("3d")) == 9996
    assert len({info["md5"] for info in TABLE.values()}) == 18


@pytest.mark.parametrize("name", TABLE)
def test_each_entry(name):
    info = medmnist_info(name)
    assert info == TABLE[name] and info["title"].lower() == name
    assert re.fullmatch("[0-9a-f]{32}", info["md5"])
    assert info["url"] == f"https://zenodo.org/records/10519652/files/{name}.npz?download=1"
    assert info["licence"] == ("CC BY-NC 4.0" if name == "dermamnist" else "CC BY 4.0")
    assert info["channels"] in (1, 3) and list(info["images"]) == list(Splits._fields)
    assert len(set(info["classes"])) == len(info["classes"]) >= 2
    assert (len(info["classes"]) == 2) == (info["task"] == "binary-class")


def test_the_finding_is_not_always_label_1():
    positive = {name: info["classes"][info["positive"]] for name, info in TABLE.items() if "positive" in info}
    assert positive == {
        "breastmnist": "malignant",
        "pneumoniamnist": "pneumonia",
        "nodulemnist3d": "malignant",
        "adrenalmnist3d": "hyperplasia",
        "vesselmnist3d": "aneurysm",
    }
    assert medmnist_info("breastmnist")["positive"] == 0


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="got 'brainmnist'; choose one of pathmnist, .*, synapsemnist3d$"):
        load_medmnist("brainmnist")


def test_content_checksums():
    assert {name for name in TABLE if "content_sha256" in TABLE[name]} == set(BOOK_SETS)
    assert re.fullmatch("[0-9a-f]{64}", content_checksum("breastmnist"))
    with pytest.raises(ValueError, match="^pathmnist: expected a set whose content .*; choose one of breastm"):
        content_checksum("pathmnist")


# Small files in a house of their own


class House:
    """A data folder whose sets hold a few random images, and a server that has them too."""

    def __init__(self, data, server):
        self.data, self.own, self.server, self.table = data, data / "medmnist", server, {}
        data.mkdir()

    def arrays(self, name, images=(5, 2, 3)):
        rng = np.random.default_rng(0)
        width = 14 if name == "chestmnist" else 1
        return {
            f"{split}_{kind}": rng.integers(0, 256 if kind == "images" else 2, (count, *shape), np.uint8)
            for split, count in zip(Splits._fields, images)
            for kind, shape in (("images", IMAGE[name]), ("labels", (width,)))
        }

    def publish(self, name, content, **changes):
        """Let the manifest and the server have this content under this name."""
        info = {
            key: value for key, value in TABLE[name].items() if key not in ("bytes", "content_sha256", "reassembled")
        }
        info |= {
            "images": dict(zip(Splits._fields, (5, 2, 3))),
            "url": f"{self.server.url}/good",
            "md5": hashlib.md5(content).hexdigest(),
        }
        self.table[name] = info | changes
        (self.data / "manifest.json").write_text(json.dumps({"medmnist": self.table}))
        self.server.content = content
        return content

    def files(self):
        return sorted(path.name for path in self.own.iterdir())


@pytest.fixture
def house(tmp_path, server, monkeypatch):
    house = House(tmp_path / "data", server)
    monkeypatch.setattr(medmnist_files, "DATA", house.data)
    monkeypatch.setattr(manifest, "MANIFEST", house.data / "manifest.json")
    monkeypatch.delenv("MEDLSTM_DATA", raising=False)
    return house


def archive(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def same(one, other):
    return all(np.array_equal(a, b) and a.dtype == b.dtype for x, y in zip(one, other) for a, b in zip(x, y))


@pytest.mark.parametrize("name", TABLE)
def test_every_set_has_its_layout(name, house):
    arrays = house.arrays(name)
    house.publish(name, archive(**arrays))
    splits = load_medmnist(name)
    for split, count in zip(Splits._fields, (5, 2, 3)):
        images, labels = getattr(splits, split)
        assert images.shape == (count, *IMAGE[name]) and images.dtype == np.uint8
        assert labels.shape == ((count, 14) if name == "chestmnist" else (count,)) and labels.dtype == np.int64
        assert np.array_equal(images, arrays[f"{split}_images"])
        assert np.array_equal(labels.ravel(), arrays[f"{split}_labels"].ravel())
        images[0], labels[0] = 0, 0


def test_a_download_happens_once(house):
    house.publish("breastmnist", archive(**house.arrays("breastmnist")))
    assert same(load_medmnist("breastmnist"), load_medmnist("breastmnist"))
    assert house.server.asked == 1 and house.files() == ["breastmnist.npz"]


@pytest.mark.parametrize("way", ["404", "503", "cut", "wrong"])
def test_after_a_failed_download_the_next_succeeds(way, house):
    url = f"{house.server.url}/{way}"
    content = house.publish("breastmnist", archive(**house.arrays("breastmnist")), url=url)
    with pytest.raises((ConnectionError, ValueError), match=f"^{url}: expected .* at .*breastmnist.npz"):
        load_medmnist("breastmnist")
    assert house.files() == []
    house.publish("breastmnist", content)
    load_medmnist("breastmnist")


def test_where_a_file_is_looked_for(house, tmp_path, monkeypatch):
    content = house.publish("breastmnist", archive(**house.arrays("breastmnist")))
    named, root = tmp_path / "named", tmp_path / "root"
    for folder in (named, root):
        folder.mkdir()
    monkeypatch.setenv("MEDLSTM_DATA", str(named))

    load_medmnist("breastmnist")
    assert house.server.asked == 1, "what MEDLSTM_DATA lacks is downloaded"
    (named / "breastmnist.npz").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="named.breastmnist.npz"):
        load_medmnist("breastmnist")
    with pytest.raises(FileNotFoundError, match="root: expected breastmnist.npz, got no such file; download"):
        load_medmnist("breastmnist", root)
    (root / "breastmnist.npz").write_bytes(content)
    load_medmnist("breastmnist", root)
    monkeypatch.setenv("MEDLSTM_DATA", "")
    load_medmnist("breastmnist")
    assert house.server.asked == 1


@pytest.mark.parametrize("damage", [lambda c: c[:1000], lambda c: bytes([c[0] ^ 1]) + c[1:], lambda c: b""])
def test_a_damaged_file_is_named(damage, house):
    content = house.publish("breastmnist", archive(**house.arrays("breastmnist")), bytes=12345)
    house.own.mkdir()
    (house.own / "breastmnist.npz").write_bytes(damage(content))
    expected = f"12345 bytes with MD5 {hashlib.md5(content).hexdigest()}"
    got = f"{len(damage(content))} bytes with [0-9a-f]{{32}}; delete it and put a fresh copy of http"
    with pytest.raises(ValueError, match=f"^{house.own}/breastmnist.npz: expected {expected}, got {got}"):
        load_medmnist("breastmnist")


PLAIN = "expected a NumPy archive of plain arrays, got another file"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"val_labels": None}, "expected val_labels, int64 .2, 1., got no such array; delete it"),
        ({"test_images": np.zeros((3, 28, 27), "u1")}, "test_images, uint8 .3, 28, 28., got uint8 .3, 28, 27.; delete"),
        ({"train_images": np.zeros((4, 28, 28), "u1")}, "train_images, uint8 .5, 28, 28., got uint8 .4, 28, 28.;"),
        ({"train_images": np.zeros((5, 28, 28))}, "train_images, uint8 .5, 28, 28., got float64 .5, 28, 28.;"),
        ({"train_labels": np.zeros((5, 1))}, "expected train_labels, int64 .5, 1., got float64 .5, 1.;"),
        ({"train_labels": np.zeros((5, 2), int)}, "expected train_labels, int64 .5, 1., got int64 .5, 2.;"),
        ({"val_labels": np.array([[None], ["x"]])}, PLAIN),
    ],
)
def test_a_file_with_other_arrays_is_refused(change, message, house):
    arrays = house.arrays("breastmnist") | change
    house.publish("breastmnist", archive(**{key: array for key, array in arrays.items() if array is not None}))
    with pytest.raises(ValueError, match=message):
        load_medmnist("breastmnist")


@pytest.mark.parametrize("cut", [0, 3, 2000, -30])
def test_half_an_archive_is_refused(cut, house):
    house.publish("breastmnist", archive(**house.arrays("breastmnist"))[:cut])
    with pytest.raises(ValueError, match=PLAIN):
        load_medmnist("breastmnist")


def test_two_files_of_one_content_give_the_same_arrays(house, tmp_path):
    arrays = house.arrays("pneumoniamnist")
    order = [3, 1, 4, 0, 2]
    shuffled = archive(**arrays | {key: arrays[key][order] for key in ("train_images", "train_labels")})
    other = {"name": "pneumoniamnist_reassembled.npz", "sha256": hashlib.sha256(shuffled).hexdigest()}
    house.publish("pneumoniamnist", archive(**arrays), reassembled=other)
    official = load_medmnist("pneumoniamnist")
    (house.own / "pneumoniamnist.npz").unlink()
    (house.own / other["name"]).write_bytes(shuffled)
    assert same(official, load_medmnist("pneumoniamnist")) and house.server.asked == 1
    assert Counter(map(bytes, official.train.images)) == Counter(map(bytes, arrays["train_images"]))

    (house.own / other["name"]).write_bytes(shuffled[:-1])
    with pytest.raises(ValueError, match=f"reassembled.npz: expected SHA-256 {other['sha256']}, got"):
        load_medmnist("pneumoniamnist")


def test_another_content_is_refused(house):
    house.publish("breastmnist", archive(**house.arrays("breastmnist")), content_sha256="0" * 64)
    with pytest.raises(ValueError, match=f"expected arrays with SHA-256 {'0' * 64}, got [0-9a-f]{{64}}; delete"):
        load_medmnist("breastmnist")


def test_duplicates_are_found_whatever_their_split_and_label(house):
    arrays = house.arrays("breastmnist")
    arrays["test_images"][1] = arrays["train_images"][4]
    arrays["val_images"][0] = arrays["val_images"][1]
    house.publish("breastmnist", archive(**arrays))
    assert duplicates(load_medmnist("breastmnist")) == [[("train", 4), ("test", 1)], [("val", 0), ("val", 1)]]


# make data


def test_make_data_fetches_what_is_missing_or_damaged(house, capsys):
    content = house.publish("breastmnist", archive(**house.arrays("breastmnist")))
    for before in (None, content, b"damaged"):
        if before is not None:
            (house.own / "breastmnist.npz").write_bytes(before)
        fetch_medmnist(["breastmnist"])
        assert capsys.readouterr() == ("data/medmnist: BreastMNIST is there and whole\n", "")
        assert (house.own / "breastmnist.npz").read_bytes() == content
    assert house.files() == ["breastmnist.npz"]
    assert house.server.asked == 2


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "^https://zenodo.org/.*/breastmnist.npz.*: expected the file breastmnist.npz, got no connection; "),
        (["brainmnist"], "^expected the name of a MedMNIST set, got 'brainmnist'; choose one of "),
    ],
)
def test_the_command_fails_with_one_sentence(names, message, tmp_path):
    shutil.copytree(ROOT / "code", tmp_path / "code")
    (tmp_path / "data").mkdir()
    shutil.copy(MANIFEST, tmp_path / "data")
    nowhere = "http://127.0.0.1:9"
    done = subprocess.run(
        [sys.executable, "-m", "medlstm.datasets", *names],
        capture_output=True,
        text=True,
        env=os.environ
        | {
            "PYTHONPATH": str(tmp_path / "code"),
            "HTTPS_PROXY": nowhere,
            "https_proxy": nowhere,
            "NO_PROXY": "",
            "no_proxy": "",
        },
    )
    assert done.returncode == 1 and done.stdout == ""
    assert re.match(message, done.stderr) and done.stderr.count("\n") == 1


# The real files, and what the data sheet says of them


@pytest.mark.parametrize("name", BOOK_SETS)
def test_the_real_files_are_as_the_table_says(name, medmnist):
    info = medmnist_info(name)
    for split, (images, labels) in medmnist(name)._asdict().items():
        assert images.shape == (info["images"][split], *IMAGE[name]) and images.dtype == np.uint8
        assert labels.dtype == np.int64 and set(labels) == set(range(len(info["classes"])))
        assert not any(image.min() == image.max() for image in images)


def test_the_official_order_of_pneumoniamnist_makes_no_difference(medmnist, house, rng):
    splits = medmnist("pneumoniamnist")
    order = rng.permutation(len(splits.train.labels))
    raw = {
        f"{name}_{kind}": array if kind == "images" else array.astype(np.uint8)[:, None]
        for name, split in splits._asdict().items()
        for kind, array in split._asdict().items()
    }
    raw |= {key: raw[key][order] for key in ("train_images", "train_labels")}
    info = TABLE["pneumoniamnist"]
    keep = {key: info[key] for key in ("images", "reassembled", "content_sha256")}
    house.publish("pneumoniamnist", archive(**raw), **keep)
    assert same(splits, load_medmnist("pneumoniamnist"))

    raw["train_labels"] = raw["train_labels"][::-1]
    house.publish("pneumoniamnist", archive(**raw), **keep)
    with pytest.raises(ValueError, match="expected arrays with SHA-256"):
        fetch_medmnist(["pneumoniamnist"])


PAGE = (ROOT / "data" / "README.md").read_text()


def percent(part, whole):
    return f"{100 * part / whole:.1f} %"


@pytest.mark.parametrize("name", BOOK_SETS)
def test_page_tables(name, medmnist):
    info, splits = medmnist_info(name), medmnist(name)
    sizes = [len(split.labels) for split in splits]
    row = " [|] ".join(f"{size:,}" for size in sizes)
    assert re.search(rf"^[|] {info['title']} [|].*[|] {row} [|]$", PAGE, re.M)
    counts = [np.bincount(split.labels) for split in splits]
    for label, meaning in enumerate(info["classes"]):
        row = [f"{count[label]:,} ({percent(count[label], size)})" for count, size in zip(counts, sizes)]
        words = f"grade {label}" if name == "retinamnist" else f"{label} {meaning}"
        assert f"| {info['title']} | {words} | {' | '.join(row)} |" in PAGE
    assert info["licence"] == "CC BY 4.0"


def test_page_breastmnist(medmnist):
    splits = medmnist("breastmnist")
    assert duplicates(splits) == [[("train", 115), ("test", 76)]]
    assert splits.train.labels[115] == 0 and splits.test.labels[76] == 1
    assert "Training image 115, malignant, is test image 76, which is called normal or benign." in PAGE
    assert sum(len(split.labels) for split in splits) == 780 and "780 ultrasound images" in PAGE


def test_page_pneumoniamnist(medmnist):
    splits = medmnist("pneumoniamnist")
    groups = duplicates(splits)
    kinds = Counter("+".join(sorted(split for split, _ in group)) for group in groups)
    assert set(kinds) == {"train+train", "train+val", "train+train+val", "test+test"}
    labels = [{getattr(splits, split).labels[index] for split, index in group} for group in groups]
    assert all(len(values) == 1 for values in labels)
    places, seen = sum(map(len, groups)), kinds["train+val"] + kinds["train+train+val"]
    for sentence in (
        f"{places - len(groups)} images are copies.** {len(groups)} images occur more than once, in {places} places.",
        f"{kinds['train+train']} of them occur twice within training; "
        f"{kinds['train+val']} once in training and once in validation; "
        f"{kinds['train+train+val']} twice in training and once in validation; "
        f"{kinds['test+test']} twice within the test images.",
        f"{labels.count({1})} of the {len(groups)} show pneumonia.",
        f"So {seen} of the {len(splits.val.labels)} validation images have been seen in training, "
        f"and the test images count {kinds['test+test']} images twice.",
        f"validation images {percent(splits.val.labels.sum(), 524)} show pneumonia, "
        f"of the test images {percent(splits.test.labels.sum(), 624)}.",
        f"holds {sum(len(split.labels) for split in splits):,} X-rays",
    ):
        assert sentence in PAGE


def test_page_retinamnist(medmnist):
    splits = medmnist("retinamnist")
    assert duplicates(splits) == []
    assert all(count % 2 == 0 for split in splits for count in np.bincount(split.labels))
    assert sum(len(split.labels) for split in splits) == 1600 and "MedMNIST took 1,600 of them" in PAGE
    assert len(splits.test.labels) == 4 * 100 and "the 400 of the test are of 100 people" in PAGE


def test_page_adrenalmnist3d(medmnist):
    splits = medmnist("adrenalmnist3d")
    assert duplicates(splits) == []
    assert set(np.unique(np.concatenate([split.images.ravel() for split in splits]))) == {0, 255}
    assert f"{percent((splits.train.images == 255).mean(), 1)} of the training voxels are inside" in PAGE
    assert sum(len(split.labels) for split in splits) == 1584 == 2 * 792 and "1,584 glands" in PAGE
    assert len(splits.test.labels) == 298 == 2 * 149 and "the 298 test shapes are of 149 people" in PAGE
    assert splits.train.images.shape[1:] == (28, 28, 28) and "a cube of 64 mm, cut into 28 × 28 × 28" in PAGE


def test_page_size(medmnist):
    sizes = [TABLE[name].get("bytes") or TABLE[name]["reassembled"]["bytes"] for name in BOOK_SETS]
    for text in (PAGE, (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()):
        assert f"{sum(sizes) / 1e6:.0f} MB" in text


def test_no_medmnist_file_is_committed():
    assert "data/medmnist/" in (ROOT / ".gitignore").read_text().splitlines()


def test_chapters_say_which_data_they_miss(monkeypatch, tmp_path):
    chapters = {path.stem: path for path in (ROOT / "chapters").glob("*.ipynb")}
    monkeypatch.setattr(medmnist_files, "DATA", tmp_path)
    monkeypatch.setenv("MEDLSTM_DATA", str(tmp_path))
    assert missing_data(chapters["medical-classification"]) == ["breastmnist", "pneumoniamnist", "retinamnist"]
    assert missing_data(chapters["slices-and-frames"]) == ["adrenalmnist3d"]
    assert missing_data(chapters["numpy-lstm"]) == []
    (tmp_path / "pneumoniamnist_reassembled.npz").touch()
    assert missing_data(chapters["medical-classification"]) == ["breastmnist", "retinamnist"]
