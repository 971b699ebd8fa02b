"""What several tests need."""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import matplotlib
import numpy as np
import pytest

from medlstm.datasets import BOOK_SETS, at_hand, load_medmnist

matplotlib.use("Agg")


@pytest.fixture(scope="session")
def loopback():
    """The test is skipped where this machine may not even speak to itself."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=5).close()
    except OSError as error:
        pytest.skip(f"needs the loopback, 127.0.0.1, which this machine refuses ({error})")


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def medmnist():
    """Gives a MedMNIST set from this machine; the test is skipped where the set is not at hand."""
    loaded = {name: load_medmnist(name) for name in BOOK_SETS if at_hand(name)}

    def at_hand_only(name):
        return loaded.get(name) or pytest.skip(f"{name} is not on this machine; `make data` fetches it")

    return at_hand_only


class Server(ThreadingHTTPServer):
    """Answers on 127.0.0.1 with `content`, or in one of the ways in which downloads fail."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.content, self.asked, self.closing = b"", 0, Event()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        way, content, self.server.asked = self.path.strip("/"), self.server.content, self.server.asked + 1
        if way.isdigit():
            return self.send_error(int(way))
        if way == "silent":
            return self.server.closing.wait(3)
        self.send_response(200)
        self.send_header("Content-Length", len(content))
        self.end_headers()
        body = {"good": content, "wrong": content[::-1]}.get(way, content[: len(content) // 2])
        self.wfile.write(body)
        if way == "stalls":
            self.server.closing.wait(3)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch, loopback):
    """A web server of this machine: /good, /wrong, /cut, /stalls, /silent, /404, /503."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.closing.set()
        server.shutdown()
