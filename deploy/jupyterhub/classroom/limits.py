"""How are all programs of a student together held to a share of memory, processors and processes?

By the kernel's control groups. Debian has had their version 2 since Debian 11; version 1 is still found in
containers and small virtual machines. Both are a tree of folders whose files are the limits.
"""

import os
import signal
import time
from pathlib import Path

from classroom import settings

TREE = Path("/sys/fs/cgroup")
SELF = Path("/proc/self/cgroup")  # the groups of this process
PLACE = Path("/run") / f"{settings.FOLDER.name}.group"  # version 2: holds the path of the group that the hub started in
CONTROLLERS = ("memory", "cpu", "pids")
PERIOD = 100_000  # microseconds over which the kernel shares out processor time


def version():
    """2 or 1; OSError if this machine has neither with what is needed."""
    if (TREE / "cgroup.controllers").is_file():
        return 2
    if all((TREE / name / "cgroup.procs").is_file() for name in CONTROLLERS):
        return 1
    raise OSError(f"expected the controllers {', '.join(CONTROLLERS)} below {TREE}, found none; mount control groups")


def memory_of_machine():
    """In bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def prepare(memory):
    """Make the group of all students, which the hub itself stays out of, and hold it to so many bytes.

    Where systemd runs, the hub's service must own its part of the tree (``Delegate=yes``).

    Raises
    ------
    ValueError
        If no memory is left for students.
    """
    if memory <= 0:
        raise ValueError(
            f"expected more memory than settings.toml keeps free, got {memory_of_machine() >> 20} MB in all; "
            "lower memory_kept_free"
        )
    if version() == 2:
        own = TREE / SELF.read_text().strip().rpartition("::/")[2]
        PLACE.write_text(str(own))
        hub = own / "hub"
        hub.mkdir(exist_ok=True)
        for pid in (own / "cgroup.procs").read_text().split():
            (hub / "cgroup.procs").write_text(pid)  # a group with children has no processes of its own
        _write(own / "cgroup.subtree_control", " ".join(f"+{name}" for name in CONTROLLERS))
    everyone = Group()
    everyone.create(memory=memory)
    if version() == 2:
        _write(hub / "cpu.weight", 1000)  # the hub answers while all students compute
        _write(everyone.folders["memory"] / "cgroup.subtree_control", " ".join(f"+{name}" for name in CONTROLLERS))


def close():
    """End what students have left running, and remove all groups."""
    everyone = Group()
    for folder in everyone.folders["pids"].glob("*/"):
        Group(folder.name).clear()
    everyone.clear()


def _write(path, value):
    """Write a limit at once: a buffered file would report the kernel's refusal too late."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, str(value).encode())
    finally:
        os.close(descriptor)


class Group:
    """The processes of one student; without a name, those of all.

    Parameters
    ----------
    name : str
        Of the student.

    Attributes
    ----------
    folders : dict of Path
        Where the group's files are, by controller; version 2 has one folder for all.
    """

    def __init__(self, name=""):
        if version() == 2:
            place = Path(PLACE.read_text()) if PLACE.exists() else TREE / "nowhere"
            self.folders = dict.fromkeys(CONTROLLERS, place / "students" / name)
        else:
            self.folders = {controller: TREE / controller / settings.FOLDER.name / name for controller in CONTROLLERS}

    def create(self, memory, cpus=None, processes=None):
        """Make the group with its limits, or set them anew.

        Parameters
        ----------
        memory : int
            In bytes; swap is not given.
        cpus : float, optional
            Processors' time for each second.
        processes : int, optional
            Threads count.
        """
        for folder in self.folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        two = version() == 2
        self._set("memory", "memory.max" if two else "memory.limit_in_bytes", memory)
        swap = ("memory.swap.max", 0) if two else ("memory.memsw.limit_in_bytes", memory)
        if (self.folders["memory"] / swap[0]).exists():
            self._set("memory", *swap)
        if cpus:
            quota = round(cpus * PERIOD)
            self._set("cpu", *(("cpu.max", f"{quota} {PERIOD}") if two else ("cpu.cfs_quota_us", quota)))
        if processes:
            self._set("pids", "pids.max", processes)

    def _set(self, controller, file, value):
        _write(self.folders[controller] / file, value)

    def join(self):
        """Put the calling process into the group; its children will be in it, too."""
        for folder in set(self.folders.values()):
            _write(folder / "cgroup.procs", os.getpid())

    def processes(self):
        """The numbers of the group's processes."""
        try:
            return [int(pid) for pid in (self.folders["pids"] / "cgroup.procs").read_text().split()]
        except FileNotFoundError:
            return []

    def clear(self, patience=10):
        """End every process of the group, and remove it.

        Raises
        ------
        TimeoutError
            If one is still there after `patience` seconds.
        """
        if not self.folders["pids"].exists():
            return
        self._set("pids", "pids.max", 0)  # nothing can be started while this goes on
        # What dies needs a processor, too: a fork bomb would take minutes over it within a student's share.
        self._set("cpu", *(("cpu.max", "max") if version() == 2 else ("cpu.cfs_quota_us", -1)))
        deadline = time.monotonic() + patience
        while processes := self.processes():
            if time.monotonic() > deadline:
                name = self.folders["pids"].name
                raise TimeoutError(f"{name}: expected all processes to end within {patience} s, got {len(processes)}")
            for pid in processes:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
        for folder in set(self.folders.values()):
            if folder.exists():
                folder.rmdir()
