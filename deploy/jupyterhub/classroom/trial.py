"""A classroom to try things in: the installed environment and book, with a folder, a hub and accounts of its own.

All of it is removed at the end, and what an earlier trial has left behind is removed at the start.
"""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

INSTALLED, TRIAL = Path("/srv/classroom"), Path("/srv/classroom-trial")
PROXY = Path("/run") / f"{TRIAL.name}-proxy.pid"
# With systemd the hub needs a part of the tree of control groups that is its own.
SCOPE = ["systemd-run", "--scope", "--quiet", "-p", "Delegate=yes"] if Path("/run/systemd/system").is_dir() else []
COMMAND, PORT = "/usr/local/bin/classroom", 8760


def missing():
    """What a trial needs and does not find here, in words; empty if all is there."""
    if os.geteuid() != 0:
        return "needs root, to make accounts and limits"
    if not Path(COMMAND).exists() or not (INSTALLED / "env").is_dir():
        return f"needs the classroom server in {INSTALLED}; deploy/jupyterhub/setup installs it"
    if not (INSTALLED / "node/installed.json").is_file():
        return "needs the proxy, configurable-http-proxy; deploy/jupyterhub/setup installs it"
    return ""


@dataclass
class Trial:
    """A running classroom: its address, its passwords by name, its hub's process, and what the hub has said."""

    address: str
    passwords: dict
    hub: subprocess.Popen
    log: Path

    def __post_init__(self):
        self.folder = TRIAL


def _classroom(*arguments, check=True):
    environment = os.environ | {"CLASSROOM": str(TRIAL)}
    return subprocess.run([COMMAND, *arguments], env=environment, check=check, capture_output=True, text=True)


@contextmanager
def classroom(students, teachers=(), **changed):
    """A classroom that runs for a while on 127.0.0.1.

    Parameters
    ----------
    students, teachers : iterable of str
        Names of accounts to make.
    **changed
        Settings that differ from those of ``settings.toml``.

    Yields
    ------
    Trial
    """
    lock = open("/run/classroom-trial.lock", "w")  # closed, and so given back, when this process ends
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise RuntimeError("expected no other trial on this machine, found one that runs; wait for its end") from error
    sweep()
    try:
        _furnish(changed)
        passwords = _accounts(students) | _accounts(teachers, "--teachers")
        log = TRIAL / "hub" / "hub.log"
        with log.open("w") as file:
            environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "CLASSROOM": str(TRIAL)}
            command = [*SCOPE, COMMAND, "hub"]
            hub = subprocess.Popen(command, env=environment, stdout=file, stderr=file, start_new_session=True)
        (TRIAL / "hub" / "hub.pid").write_text(str(hub.pid))
        try:
            _wait(hub, log)
            yield Trial(f"http://127.0.0.1:{PORT}", passwords, hub, log)
        finally:
            _end(hub)
    finally:
        sweep()
        lock.close()


def _furnish(changed):
    for name, mode in {"": 0o755, "home": 0o755, "hub": 0o700, "disks": 0o700}.items():
        (TRIAL / name).mkdir(mode=mode)
    for name in ("env", "book", "node"):
        (TRIAL / name).symlink_to(INSTALLED / name)
    text = (INSTALLED / "book/deploy/jupyterhub/settings.toml").read_text().replace(":8000", f":{PORT}")
    for name, value in changed.items():
        value = f'"{value}"' if isinstance(value, str) else value
        text, found = re.subn(rf"^{name} = \S+", f"{name} = {value}", text, flags=re.M)
        assert found, f"settings.toml: expected a setting {name}, got none"
    (TRIAL / "settings.toml").write_text(text)


def _accounts(names, *options):
    """Make accounts by the teacher's command; passwords are read from its sheet, as a student reads them."""
    if not names:
        return {}
    listed = TRIAL / "hub" / "list.txt"
    listed.write_text("\n".join(names))
    _classroom("accounts", str(listed), *options)
    sheet = max((TRIAL / "hub").glob("passwords-*.txt"), key=os.path.getmtime)
    tickets = re.findall(r"Name: +(\S+)\nPassword: +(\S+)", sheet.read_text())
    sheet.unlink()
    return dict(tickets)


def _wait(hub, log, patience=60):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and hub.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/hub/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"expected the hub to answer within {patience} s; it said: {log.read_text()[-3000:]}")


def _end(hub, patience=90):
    """End the hub as systemd does; if it will not go, with its whole session."""
    hub.send_signal(signal.SIGTERM)
    try:
        hub.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(hub.pid, signal.SIGKILL)
        hub.wait()


def sweep():
    """Remove what a trial leaves: processes, accounts, mounts, groups, its folder."""
    if not TRIAL.exists():
        return
    for pid in (TRIAL / "hub" / "hub.pid", PROXY):  # of a trial whose own process was killed
        if pid.is_file() and _is_ours(Path("/proc") / pid.read_text().strip()):
            process = psutil.Process(int(pid.read_text()))
            for each in [*process.children(recursive=True), process]:
                each.kill()
    if (TRIAL / "settings.toml").exists():
        names = [line.split()[0] for line in _classroom("list").stdout.splitlines()]
        if names:
            _classroom("remove", *names)
    for folder in Path("/sys/fs/cgroup").glob(f"*/{TRIAL.name}"):  # version 1; a hub that was killed has left them
        folder.rmdir()
    shutil.rmtree(TRIAL)


def _is_ours(process):
    """Whether a process that is still there is a hub or a proxy, and not another that was given its number."""
    try:
        command = (process / "cmdline").read_bytes()
    except OSError:
        return False
    return b"jupyterhub" in command or b"configurable-http-proxy" in command
