"""Is a program as fast in one process as in the next? ``python -m medlstm.experiments.luck``

The same training step in many new processes, with memory as it is and with memory kept: told to keep what it
has once been given, the C library (glibc, on Linux) no longer returns large arrays to the system and asks for them
anew at every step. Nothing else differs between the two.
"""

from medlstm.experiments.benchmark import measure, versions
from medlstm.experiments.contenders import Task
from medlstm.experiments.runner import pretty
from medlstm.files import DATA, whole_file

PROCESSES, ROUNDS, STEPS, THREADS = 10, 3, 20, 2
NAMES = ("numpy", "keras", "pytorch")
KEPT = {"MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1)}  # bytes


def main():
    runs = []
    for process in range(PROCESSES):
        for memory, environ in (("as it is", {}), ("kept", KEPT)):
            rows = measure(Task(), NAMES, THREADS, process, ROUNDS, STEPS, environ)
            runs += [{"memory": memory} | row for row in rows]
    stored = {
        "experiment": "luck",
        "command": "python -m medlstm.experiments.luck",
        "environment": versions(NAMES),
        "settings": {"processes": PROCESSES, "rounds": ROUNDS, "steps_in_a_turn": STEPS, "kept": KEPT},
        "runs": runs,
    }
    with whole_file(DATA / "results" / "luck.json") as part:
        part.write_text(pretty(stored))


if __name__ == "__main__":
    main()
