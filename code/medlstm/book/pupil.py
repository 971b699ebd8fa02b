"""What runs a student's cells? A loop that reads requests from a pipe, and answers them there.

It stands alone inside the sandbox, with NumPy and IPython: it holds no test, no right answer, and of the book only
what the assignment allows. `medlstm.book.sandbox` starts it, watches it, and trusts nothing that it says.
"""

import base64
import contextlib
import io
import json
import os
import sys
import traceback
from collections import namedtuple

import numpy as np

PLAIN = "biufcU"  # kinds of arrays that cross the pipe
HOLDERS = {"list": list, "tuple": tuple, "set": set}
ROOM = 100_000  # signs of printed text that a cell keeps


class Pupil:
    """A student's names, and what may be asked of them."""

    def __init__(self):
        from IPython.core.interactiveshell import InteractiveShell

        self.shell = InteractiveShell.instance()
        self.shell.history_manager.enabled = False
        self.kept = []

    def run(self, source):
        """Run a cell; its outputs, as a notebook stores them."""
        from IPython.utils.capture import capture_output

        printed, warned = Shortened(), Shortened()
        self.shell._showtraceback = lambda *_: None  # the error is an output of its own
        with (
            capture_output(stdout=False, stderr=False) as shown,
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(warned),
        ):
            result = self.shell.run_cell(source, store_history=False)
        outputs = [
            {"output_type": "stream", "name": name, "text": text.getvalue()}
            for name, text in (("stdout", printed), ("stderr", warned))
            if text.getvalue()
        ]
        outputs += [
            {"output_type": "display_data", "data": output.data, "metadata": output.metadata or {}}
            for output in shown.outputs
        ]
        error = result.error_before_exec or result.error_in_exec
        return {"outputs": outputs} | ({"error": described(error)} if error else {})

    def look(self, name):
        """The value of one of the student's names; LookupError if there is none."""
        if name not in self.shell.user_ns:
            raise LookupError(f"the notebook defines no {name}")
        return {"value": packed(self.shell.user_ns[name], self.keep)}

    def call(self, kept, args, kwargs):
        """What a function of the student returns, or None and the error that it ends with."""
        function = self.kept[kept]
        args, kwargs = unpacked(args, self.kept.__getitem__), unpacked(kwargs, self.kept.__getitem__)
        with contextlib.redirect_stdout(Shortened()), contextlib.redirect_stderr(Shortened()):
            return {"value": packed(function(*args, **kwargs), self.keep)}

    def attribute(self, kept, name):
        """The value of an attribute of something that was kept."""
        return {"value": packed(getattr(self.kept[kept], name), self.keep)}

    def keep(self, value):
        """The number under which a value that is no plain data stays here."""
        self.kept.append(value)
        return len(self.kept) - 1

    def answer(self, request):
        """The reply to a request; whatever goes wrong is a reply, too."""
        try:
            return getattr(self, request.pop("do"))(**request)
        except BaseException as error:
            return {"error": described(error)}


class Shortened(io.StringIO):
    """Keeps the beginning of what is printed, and drops the rest."""

    def write(self, text):
        room = ROOM - self.tell()
        if room > 0:
            super().write(text if len(text) <= room else f"{text[:room]}\n... the rest is cut off")
        return len(text)


def described(error):
    """An error as a notebook stores it."""
    below = error.__traceback__ and error.__traceback__.tb_next  # without the line that ran the student's
    lines = traceback.format_exception(type(error), error, below, limit=-5)
    return {"ename": type(error).__name__, "evalue": str(error)[:ROOM], "traceback": "".join(lines)[:ROOM].split("\n")}


def packed(value, keep):
    """A value in the words of JSON: numbers, texts, arrays and what holds them; anything else is kept, and numbered.

    Parameters
    ----------
    value : object
    keep : callable
        Takes what is no plain data, and returns its number.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (complex, np.ndarray, np.generic)) and np.asarray(value).dtype.kind in PLAIN:
        array = np.asarray(value)
        content = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
        return {"array": content, "dtype": array.dtype.str, "shape": array.shape}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {"fields": list(value._fields), "values": packed(list(value), keep)}
    for kind, holder in HOLDERS.items():
        if isinstance(value, holder):
            return {kind: [packed(each, keep) for each in value]}
    if isinstance(value, dict):
        return {"dict": [[packed(key, keep), packed(each, keep)] for key, each in value.items()]}
    return {"kept": keep(value), "callable": callable(value), "type": type(value).__name__}


def unpacked(value, kept):
    """The value that `packed` made; `kept` turns a number into what it stands for.

    Raises
    ------
    ValueError, TypeError, LookupError, AttributeError
        If it is nothing that `packed` makes.
    """
    if not isinstance(value, dict):
        return value
    if "array" in value:
        dtype = np.dtype(value["dtype"])
        if dtype.kind not in PLAIN:
            raise TypeError(f"expected an array of numbers, got {dtype}")
        return np.frombuffer(base64.b64decode(value["array"]), dtype).reshape(value["shape"]).copy()
    if "dict" in value:
        return {unpacked(key, kept): unpacked(each, kept) for key, each in value["dict"]}
    if "fields" in value:
        return namedtuple("Named", value["fields"], rename=True)(*unpacked(value["values"], kept))
    if "kept" in value:
        return kept(value["kept"])
    ((kind, members),) = value.items()
    return HOLDERS[kind](unpacked(member, kept) for member in members)


def message(content):
    """A message as it crosses the pipe: eight bytes that say how long it is, and JSON."""
    text = json.dumps(content).encode()
    return len(text).to_bytes(8, "big") + text


def main(megabytes, processes):
    """Answer requests until none comes. What the student prints at the lowest level goes nowhere."""
    import resource  # which not every system has that reads the book

    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    limits = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": megabytes << 20, "RLIMIT_NPROC": processes}
    for name, most in limits.items():
        resource.setrlimit(getattr(resource, name), (most, most))
    pupil = Pupil()
    while size := requests.read(8):
        content = json.loads(requests.read(int.from_bytes(size, "big")))
        reply = pupil.answer(content)
        try:
            data = message(reply)
        except (TypeError, ValueError, RecursionError) as error:
            data = message({"error": described(error)})
        answers.write(data)
        answers.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
