"""How is code of which nothing is known run, watched and stopped?

In a bubblewrap (``bwrap``): without network, with the system and Python to read, a scratch folder in memory to write,
and nothing else there. From outside its time, memory and processes are counted, and at a limit all of them end at once.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from medlstm.book import pupil
from medlstm.environment import threads
from medlstm.files import DATA, ROOT

INSTALL = (
    "expected bubblewrap 0.8 or newer, which keeps students' code from your files, got {}; install it (on Debian: "
    "apt-get install bubblewrap), or pass --unprotected if you trust every submission"
)
LONGEST = 64 << 20  # bytes of one answer
SCRATCH = 256  # megabytes that may be written in all, and in one file
FRAMEWORKS = ("keras", "tensorflow", "torch", "jax", "jaxlib", "onnx", "onnxruntime", "sklearn")
SYSTEM = ("/bin", "/sbin", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")


class Limits(NamedTuple):
    """What one submission may use in all."""

    seconds: float = 600
    megabytes: int = 4000
    processes: int = 200


class Stopped(Exception):
    """The student's Python has ended, or was ended; the message says why."""


class StudentError(Exception):
    """The student's code ended with an error of its own."""


def check_protection():
    """Raise ValueError, with what to install, unless a program can be shut in here."""
    if not shutil.which("bwrap"):
        raise ValueError(INSTALL.format("none"))
    tried = subprocess.run([*shut_in(), "true"], capture_output=True, text=True)
    if tried.returncode:
        raise ValueError(INSTALL.format(f"one that cannot run here ({tried.stderr.strip()})"))


def shut_in(book=True):
    """The command that runs another in the sandbox.

    Parameters
    ----------
    book : bool
        Whether the book's package, its data and the frameworks are there.
    """
    command = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"]
    command += ["--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "student"]
    command += ["--ro-bind", "/usr", "/usr"]
    for path in SYSTEM:
        if os.path.islink(path):
            command += ["--symlink", os.readlink(path), path]
        else:
            command += ["--ro-bind-try", path, path]
    command += ["--proc", "/proc", "--dev", "/dev", "--size", str(SCRATCH << 20), "--tmpfs", "/dev/shm"]
    command += ["--remount-ro", "/dev", "--size", str(SCRATCH << 20), "--tmpfs", "/tmp"]
    readable = [sys.base_prefix, sys.prefix, pupil.__file__]
    if book:
        readable += [ROOT / "code", DATA, *filter(None, [os.environ.get("MEDLSTM_DATA")])]
    for path in readable:
        command += ["--ro-bind-try", os.path.realpath(path), os.path.realpath(path)]
    if not book:
        site = Path(os.path.realpath(os.__file__.replace(sys.base_prefix, sys.prefix))).parent / "site-packages"
        for name in ("medlstm", *FRAMEWORKS):
            if (site / name).is_dir():
                command += ["--tmpfs", str(site / name)]
    return [*command, "--remount-ro", "/", "--chdir", "/tmp"]


def settings(book=True):
    """The environment variables of the student's Python: these, and none of the teacher's."""
    chosen = {"HOME": "/tmp", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "IPYTHONDIR": "/tmp/.ipython"}
    chosen |= {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "MPLCONFIGDIR": "/tmp/.matplotlib"}
    chosen |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "CUDA_VISIBLE_DEVICES": "-1"}
    chosen |= {"KERAS_BACKEND": "tensorflow", "PYTHONDONTWRITEBYTECODE": "1"} | threads(1)
    if book:
        chosen["PYTHONPATH"] = str(ROOT / "code")
        if data := os.environ.get("MEDLSTM_DATA"):
            chosen["MEDLSTM_DATA"] = os.path.realpath(data)
    return chosen


class Sandbox:
    """A student's Python, and what is asked of it.

    Parameters
    ----------
    limits : Limits
    book : bool
        Whether the book's package, its data and the frameworks are there.
    protected : bool
        Without, it is an ordinary process, watched all the same.
    """

    def __init__(self, limits, book=True, protected=True):
        self.limits, self._end, self._why = limits, time.monotonic() + limits.seconds, None
        python = os.path.join(os.path.realpath(sys.prefix), "bin", "python")
        command = [python, "-I" if not book else "-s", os.path.realpath(pupil.__file__)]
        command += [str(SCRATCH), str(limits.processes)]
        self._process = subprocess.Popen(
            [*(shut_in(book) if protected else []), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=settings(book),
            cwd="/",
            start_new_session=True,
        )
        for pipe in (self._process.stdin, self._process.stdout):
            os.set_blocking(pipe.fileno(), False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._kill()

    def run(self, source):
        """Run a cell: its outputs, and the student's own error, or None."""
        reply = self._ask(do="run", source=source)
        return reply["outputs"], reply.get("error")

    def look(self, name):
        """The value of a name; LookupError if the student has none."""
        reply = self._ask(do="look", name=name)
        if "error" in reply:
            raise LookupError(str(reply["error"].get("evalue")))
        return self._value(reply)

    def call(self, kept, args, kwargs):
        """What a function of the student returns; StudentError if it ends with an error."""
        args, kwargs = (pupil.packed(each, self._kept) for each in (args, kwargs))
        return self._value(self._ask(do="call", kept=kept, args=args, kwargs=kwargs))

    def attribute(self, kept, name):
        """An attribute of an object of the student."""
        return self._value(self._ask(do="attribute", kept=kept, name=name))

    def _kept(self, value):
        """The number of something of the student's; a function of a cell that both have goes by its name."""
        return (value if isinstance(value, Kept) else self.look(value.__name__)).kept

    def _value(self, reply):
        if "error" in reply:
            raise StudentError(f"{reply['error'].get('ename')}: {reply['error'].get('evalue')}")
        try:
            if isinstance(value := reply["value"], dict) and "kept" in value:
                return Kept(self, value["kept"], str(value["type"]))
            return pupil.unpacked(value, lambda number: Kept(self, number, "object"))
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise StudentError(f"what came back is no data ({error})") from None

    def _ask(self, **request):
        """Send a request, and wait for the answer within the limits."""
        if self._why:
            raise Stopped(self._why)
        self._exchange(pupil.message(request), 0)
        size = int.from_bytes(self._exchange(b"", 8), "big")
        if size > LONGEST:
            self._stop(f"one answer of more than {LONGEST >> 20} MB")
        try:
            reply = json.loads(self._exchange(b"", size))
        except (ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict) or not isinstance(reply.get("error", {}), dict):
            self._stop("an answer that cannot be read")
        return reply

    def _exchange(self, out, wanted):
        """Write all of `out`, read `wanted` bytes."""
        stdin, stdout, data = self._process.stdin, self._process.stdout, bytearray()
        while out or len(data) < wanted:
            self._watch()
            readable, writable, _ = select.select([stdout] * bool(wanted), [stdin] * bool(out), [], 0.1)
            try:
                if writable:
                    out = out[os.write(stdin.fileno(), out[:65536]) :]
                if readable:
                    chunk = os.read(stdout.fileno(), min(1 << 20, wanted - len(data)))
                    if not chunk:
                        raise BrokenPipeError
                    data += chunk
            except BrokenPipeError:
                code = self._process.wait(10)
                self._stop(f"its Python ended itself, or crashed (exit code {code})")
        return bytes(data)

    def _watch(self):
        """Stop all if a limit is passed."""
        if time.monotonic() > self._end:
            self._stop(f"it ran longer than {self.limits.seconds:g} s in all")
        family = self._family()
        if len(family) > self.limits.processes:
            self._stop(f"it had more than {self.limits.processes} processes")
        if sum(map(_memory, family)) > self.limits.megabytes << 20:
            self._stop(f"it used more than {self.limits.megabytes} MB of memory")

    def _family(self):
        try:
            first = psutil.Process(self._process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _stop(self, why):
        self._why = why
        self._kill()
        raise Stopped(why)

    def _kill(self):
        """End every process; the first one's end takes all that are in its sandbox along."""
        for process in self._family():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                pass
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass


class Kept:
    """Something of the student's that is no plain data: it stays in the sandbox; called and looked into from here."""

    def __init__(self, sandbox, kept, kind):
        self.sandbox, self.kept, self.kind = sandbox, kept, kind

    def __call__(self, *args, **kwargs):
        return self.sandbox.call(self.kept, args, kwargs)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self.sandbox.attribute(self.kept, name)

    def __repr__(self):
        return f"<{self.kind} of the student>"


def _memory(process):
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0
