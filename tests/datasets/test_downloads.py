"""A file arrives whole or not at all, and what went wrong is said in a sentence."""

import hashlib
import io
import socket
import sys

import pytest

from medlstm.datasets.downloads import fetch

CONTENT = bytes(range(256)) * 1000
MD5 = hashlib.md5(CONTENT).hexdigest()

FAILURES = {
    "404": (ConnectionError, r"got HTTP status 404 \(Not Found\)"),
    "503": (ConnectionError, r"got HTTP status 503 \(Service Unavailable\)"),
    "silent": (ConnectionError, "got nothing for 0.3 seconds"),
    "stalls": (ConnectionError, "got nothing for 0.3 seconds"),
    "cut": (ConnectionError, "got a transfer that broke off"),
    "wrong": (ValueError, f"a file with MD5 {MD5}, got 256000 bytes with [0-9a-f]{{32}}"),
}
PATIENCE = {"silent": {"timeout": 0.3}, "stalls": {"timeout": 0.3}}  # the server gives up after 3 seconds


@pytest.fixture
def path(tmp_path, server):
    server.content = CONTENT
    return tmp_path / "new" / "scans.npz"


def test_a_good_file_arrives(path, server, capsys):
    fetch(f"{server.url}/good", path, MD5)
    assert path.read_bytes() == CONTENT and list(path.parent.iterdir()) == [path]
    assert capsys.readouterr() == ("", "")


def test_everybody_who_may_read_the_folder_may_read_the_file(path, server):
    fetch(f"{server.url}/good", path, MD5)
    other = path.with_name("other")
    other.touch()
    assert path.stat().st_mode == other.stat().st_mode


@pytest.mark.parametrize("way", FAILURES)
def test_a_failure_leaves_nothing_and_the_next_try_succeeds(way, path, server):
    error, message = FAILURES[way]
    with pytest.raises(error, match=f"^{server.url}/{way}: expected .*{message}; .*try again") as caught:
        fetch(f"{server.url}/{way}", path, MD5, **PATIENCE.get(way, {}))
    assert str(caught.value).endswith(f"open the address in a browser and put the file at {path}")
    assert "\n" not in str(caught.value) and list(path.parent.iterdir()) == []
    fetch(f"{server.url}/good", path, MD5)
    assert path.read_bytes() == CONTENT


def test_nobody_answers(path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/scans.npz"
        with pytest.raises(ConnectionError, match=f"^{url}: expected the file scans.npz, got no connection;"):
            fetch(url, path, MD5)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("way", FAILURES)
def test_an_older_file_outlives_a_failure(way, path, server):
    path.parent.mkdir()
    path.write_bytes(b"older")
    with pytest.raises(FAILURES[way][0]):
        fetch(f"{server.url}/{way}", path, MD5, **PATIENCE.get(way, {}))
    assert path.read_bytes() == b"older" and list(path.parent.iterdir()) == [path]


def test_a_terminal_gets_a_progress_bar(path, server, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    fetch(f"{server.url}/good", path, MD5)
    assert "scans.npz: 100%" in sys.stderr.getvalue() and "256k/256k" in sys.stderr.getvalue()
