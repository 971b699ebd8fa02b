"""The classroom server, as far as it can be seen without starting it: settings, files, and the figures of its page."""

import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from classroom import limits, settings

from medlstm.environment import threads
from medlstm.files import ROOT

DEPLOY = ROOT / "deploy" / "jupyterhub"


def changed(tmp_path, old, new):
    path = tmp_path / "settings.toml"
    text = (DEPLOY / "settings.toml").read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def test_settings_are_read_in_bytes():
    room = settings.read(DEPLOY / "settings.toml")
    assert (room.memory, room.disk, room.cpus) == (2 * 2**30, 2**30, 1.0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('memory = "2G"', 'memory = "two"', "memory: expected a size such as 512M or 2G, got 'two'"),
        ("cpus = 1.0", 'cpus = "one"', "cpus: expected a number above 0, got 'one'"),
        ("processes = 500", "processes = -1", "processes: expected a number above 0, got -1"),
        ("processes = 500", "programs = 300", "missing or unknown: processes, programs"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, old, new, message):
    with pytest.raises(ValueError, match=message):
        settings.read(changed(tmp_path, old, new))


@pytest.mark.parametrize(("shell", "script"), [("bash", "setup"), ("sh", "cell")])
def test_scripts_can_be_read_by_their_shell(shell, script):
    assert os.access(DEPLOY / script, os.X_OK)
    subprocess.run([shell, "-n", DEPLOY / script], check=True)


@pytest.fixture
def version_2(tmp_path, monkeypatch):
    """A tree like that of control groups' second version, in which the hub's service has one process, and its files."""
    service = tmp_path / "system.slice" / "classroom.service"
    written = []

    def write(path, value):
        if path.name == "cgroup.subtree_control":  # the kernel's rule: no group with children has processes of its own
            at = [path.parent / "hub" / "cgroup.procs"] if path.parent == service else []
            assert all(file.read_text() == "4711" for file in at)
        written.append((str(path.relative_to(service)), value))

    service.mkdir(parents=True)
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    (tmp_path / "self").write_text("0::/system.slice/classroom.service\n")
    (service / "cgroup.procs").write_text("4711\n")
    for name, value in {"TREE": tmp_path, "SELF": tmp_path / "self", "PLACE": tmp_path / "place"}.items():
        monkeypatch.setattr(limits, name, value)
    monkeypatch.setattr(limits, "_write", write)
    return service, written


def test_limits_in_the_words_of_control_groups_of_version_2(version_2):
    service, written = version_2
    limits.prepare(20 << 30)
    every = "+memory +cpu +pids"
    assert written == [
        ("cgroup.subtree_control", every),
        ("students/memory.max", 20 << 30),
        ("hub/cpu.weight", 1000),
        ("students/cgroup.subtree_control", every),
    ]
    written.clear()
    group = limits.Group("anne")
    (service / "students" / "anne").mkdir()
    (service / "students" / "anne" / "memory.swap.max").write_text("max")
    group.create(memory=2 << 30, cpus=1.5, processes=500)
    group.join()
    assert written == [
        ("students/anne/memory.max", 2 << 30),
        ("students/anne/memory.swap.max", 0),
        ("students/anne/cpu.max", "150000 100000"),
        ("students/anne/pids.max", 500),
        ("students/anne/cgroup.procs", os.getpid()),
    ]
    written.clear()
    (service / "students" / "anne" / "memory.swap.max").unlink()  # the kernel's files go with their folder
    group.clear()
    assert written == [("students/anne/pids.max", 0), ("students/anne/cpu.max", "max")]
    assert not (service / "students" / "anne").exists()


def test_the_teachers_command_wants_root():
    if os.geteuid() == 0:
        command = "import os; os.geteuid = lambda: 1000; from classroom.__main__ import main; main(['list'])"
    else:
        command = "from classroom.__main__ import main; main(['list'])"
    done = subprocess.run(
        [sys.executable, "-c", command], env={"PYTHONPATH": str(DEPLOY)}, capture_output=True, text=True
    )
    assert done.returncode and "expected to run as root" in done.stderr


def test_the_proxy_is_locked_by_its_content():
    packages = json.loads((DEPLOY / "package-lock.json").read_text())["packages"]
    wanted = json.loads((DEPLOY / "package.json").read_text())["dependencies"]
    assert packages[""]["dependencies"] == wanted
    assert all(package["integrity"].startswith("sha512-") for name, package in packages.items() if name)


def test_kubernetes_gives_a_student_what_the_one_machine_gives():
    values = yaml.safe_load((DEPLOY / "kubernetes" / "values.yaml").read_text())
    room, student = settings.read(DEPLOY / "settings.toml"), values["singleuser"]
    assert settings.size(student["memory"]["limit"]) == room.memory and student["cpu"]["limit"] == room.cpus
    assert settings.size(student["storage"]["capacity"].replace("i", "")) == room.disk
    assert values["cull"]["timeout"] == room.idle_minutes * 60
    assert student["networkPolicy"]["enabled"] and not values["hub"]["config"]["NativeAuthenticator"]["open_signup"]
    assert values["hub"]["config"]["Authenticator"]["allow_all"]
    assert student["extraEnv"].items() >= threads(1).items()


def part(name, rows):
    return [row for row in rows if row["part"] == name]


def chapters_alone(rows):
    """Seconds of each chapter for one student alone; the median."""
    seconds = {}
    for row in part("alone", rows):
        seconds.setdefault(row["chapter"], []).append(row["chapter_seconds"])
    return {chapter: statistics.median(values) for chapter, values in seconds.items()}


def times_as_long(name, rows):
    """How many times as long as alone a chapter took, by the size of the class or group; those that ended it."""
    alone, ratios = chapters_alone(rows), {}
    for row in filter(ended, part(name, rows)):
        ratios.setdefault(row["size"], []).append(row["chapter_seconds"] / alone[row["chapter"]])
    return ratios


def ended(row):
    """Whether a student came to the end of the chapter, and nothing failed on the way."""
    return not row.get("failed") and not row["errors"]


def figures(rows):
    """The rows of the tables that the guide prints, computed from the rows of the load test."""
    for chapter, seconds in chapters_alone(rows).items():
        pss, rss = (
            statistics.median(row[kind] for row in filter(ended, part("arriving", rows)) if row["chapter"] == chapter)
            for kind in ("pss_mb", "rss_mb")
        )
        yield f"| `{chapter}` | {seconds:.0f} s | {pss:.0f} MB | {rss:.0f} MB |"
    used = {row["size"]: row["machine_used_mb"] / 1024 for row in part("all kernels open", rows)}
    for size, ratios in times_as_long("arriving", rows).items():
        starts = [row["start_seconds"] for row in filter(ended, part("arriving", rows)) if row["size"] == size]
        yield (
            f"| {size} | {len(ratios)} | {statistics.median(starts):.0f} s | {max(starts):.0f} s "
            f"| {statistics.median(ratios):.1f} | {max(ratios):.1f} | {used[size]:.1f} GB |"
        )
    for size, ratios in times_as_long("together", rows).items():
        yield f"| {size} | {max(ratios):.1f} |"


def most(ratios, times=3):
    """The largest class, or group, all of which ended, nobody after more than so many times as long."""
    held = (size for size, values in ratios.items() if len(values) == size and max(values) <= times)
    return max(held, default=0)


@pytest.mark.skipif(not (DEPLOY / "load_test.json").is_file(), reason="no load test has been stored: load_test.py")
def test_the_guide_prints_the_measured_figures():
    rows = json.loads((DEPLOY / "load_test.json").read_text())["runs"]
    assert all(map(ended, part("alone", rows)))
    text = " ".join((ROOT / "teaching" / "classroom-server.md").read_text().split())
    wanted = [*figures(rows), f"**{most(times_as_long('arriving', rows))} students**"]
    wanted.append(f"**{most(times_as_long('together', rows))} at the same moment**")
    missing = [figure for figure in wanted if figure not in text]
    assert not missing, f"teaching/classroom-server.md: expected these figures of load_test.json: {missing}"


def test_the_guide_names_commands_and_files_that_there_are():
    text = (ROOT / "teaching" / "classroom-server.md").read_text()
    help_ = (DEPLOY / "classroom" / "__main__.py").read_text()
    for action in set(re.findall(r"`classroom ([a-z]+)", text)):
        assert f'"{action}"' in help_, action
    for path in set(re.findall(r"`((?:deploy|tests|teaching)/[\w./-]+)`", text)):
        assert (ROOT / path).exists(), path
    assert Path(DEPLOY / "Caddyfile").is_file()
