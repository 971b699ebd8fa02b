"""How many students does this machine hold? `load_test.py` measures it with the real hub, on 127.0.0.1, as root.

    /srv/classroom/env/bin/python deploy/jupyterhub/load_test.py [--students 10 15 30] [--minutes 5]

1. One student alone runs each chapter, three times: the time that the others are compared with.
2. Classes of growing size arrive evenly over some minutes; each student logs in, starts a server, follows the link,
   and runs a chapter without a pause. Their kernels stay open until the last is done; then the servers end.
3. Groups of growing size run a chapter at the same moment, the hardest case there is.

The rows go to load_test.json beside this file. Nothing is left on the machine.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from datetime import date
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import psutil  # noqa: E402
from classroom import trial  # noqa: E402
from classroom.student import Student  # noqa: E402

CHAPTERS = ("gate-equations", "keras-lstm")
RESULTS = HERE / "load_test.json"


def memory(name):
    """The memory of a student's processes in MB: their share of it (PSS), and all that they map (RSS)."""
    pss = rss = 0
    for process in psutil.process_iter(["username"]):
        if process.info["username"] == name:
            try:
                used = process.memory_full_info()
            except psutil.Error:
                continue
            pss, rss = pss + used.pss, rss + used.rss
    return {"pss_mb": round(pss / 2**20), "rss_mb": round(rss / 2**20)}


async def come_in(student):
    """Log in, start the server, follow the link."""
    begin = time.monotonic()
    await student.log_in()
    row = {"login_seconds": round(time.monotonic() - begin, 2), "start_seconds": round(await student.start(), 2)}
    _, seconds = await student.copies(CHAPTERS[0])
    return row | {"copies_seconds": round(seconds, 2)}


async def run(student, chapter, keep=False):
    """Run a chapter; the kernel ends afterwards, or is kept, as students do who go on to something else."""
    done = await student.run_chapter(f"book/chapters/{chapter}.ipynb")
    row = {"chapter": chapter, "chapter_seconds": round(done["seconds"], 2), "errors": done["errors"]}
    row |= memory(student.name)
    if not keep:
        await student.stop_kernel(done["kernel"])
    return row


async def attempt(part, student, *steps):
    """The row of one student; what goes wrong is part of it."""
    row = {"part": part, "student": student.name}
    try:
        for step in steps:
            row |= await step(student) or {}
    except Exception as error:  # any failure is a result
        row["failed"] = f"{type(error).__name__}: {error}"[:300]
    return row


async def alone(student, rows):
    rows.append(await attempt("first", student, come_in))
    for chapter in CHAPTERS * 3:
        rows.append(await attempt("alone", student, partial(run, chapter=chapter)))
        print(rows[-1], flush=True)
    await student.end()


async def one_class(students, minutes, rows):
    """Students arrive one after the other; the rows name the size of their class."""
    size, gap = len(students), minutes * 60 / len(students)

    async def arrive(number, student):
        await asyncio.sleep(number * gap)
        chapter = CHAPTERS[number % len(CHAPTERS)]
        row = await attempt("arriving", student, come_in, partial(run, chapter=chapter, keep=True))
        rows.append(row | {"size": size})
        print(rows[-1], flush=True)

    await asyncio.gather(*(arrive(number, student) for number, student in enumerate(students)))
    machine = psutil.virtual_memory()
    used = round((machine.total - machine.available) / 2**20)
    rows.append({"part": "all kernels open", "size": size, "machine_used_mb": used})
    print(rows[-1], flush=True)
    await asyncio.gather(*(attempt("end", student, Student.end) for student in students))


async def together(students, rows):
    """All run one chapter at the same moment."""
    begin = time.monotonic()
    done = await asyncio.gather(*(attempt("together", each, partial(run, chapter=CHAPTERS[0])) for each in students))
    rows += [row | {"size": len(students)} for row in done]
    print(len(students), "together:", round(time.monotonic() - begin), "s", flush=True)


async def measure(room, options, rows):
    students = [Student(room.address, name, password) for name, password in room.passwords.items()]
    for student in students:
        await student.__aenter__()
    try:
        await alone(students[0], rows)
        for size in options.students:
            await one_class(students[:size], options.minutes, rows)
        for student in students[: max(options.together)]:
            rows.append(await attempt("again", student, come_in))
        for size in options.together:
            await together(students[:size], rows)
    finally:
        for student in students:
            await student.__aexit__()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, nargs="+", default=[10, 15, 30], help="sizes of the classes")
    parser.add_argument("--minutes", type=float, default=5, help="over which they arrive")
    parser.add_argument("--together", type=int, nargs="+", default=[2, 4, 6, 8], help="sizes of the groups")
    parser.add_argument("--limit", type=float, default=60, help="minutes after which all is given up")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    if reason := trial.missing():
        sys.exit(f"load test skipped: {reason}")
    rows, names = [], [f"load-{number:02}" for number in range(1, max(*options.students, *options.together) + 1)]
    settings = {"students": options.students, "minutes": options.minutes, "together": options.together}
    with trial.classroom(names, disk="100M") as room:
        settings |= {"classroom": (room.folder / "settings.toml").read_text()}
        try:
            asyncio.run(asyncio.wait_for(measure(room, options, rows), options.limit * 60))
        except Exception as error:  # the rows so far are worth keeping
            rows.append({"part": "given up", "failed": f"{type(error).__name__}: {error}"})
    machine = {"processors": os.cpu_count(), "memory_mb": round(psutil.virtual_memory().total / 2**20)}
    environment = {"python": platform.python_version(), "kernel": platform.release().partition("-")[0], **machine}
    result = {"experiment": "classroom", "command": " ".join(["python deploy/jupyterhub/load_test.py", *sys.argv[1:]])}
    result |= {"date": date.today().isoformat(), "environment": environment, "settings": settings, "runs": rows}
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
