"""The classroom server, started for real: what one student does harms no other, and stays hidden from them.

By hand, as root, where deploy/jupyterhub/setup has run: pytest -m hub tests/deploy. It takes about three minutes.
All accounts, mounts, limits and folders that it makes are removed afterwards.
"""

import asyncio
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

pytest.importorskip("aiohttp", reason="needs what only teachers install: make teach")

from classroom import trial
from classroom.student import Student

pytestmark = [pytest.mark.hub, pytest.mark.skipif(bool(trial.missing()), reason=trial.missing() or "all is there")]
ANNE, BERT, TEACHER, STRANGER = "trial-anne", "trial-bert", "trial-teacher", "trial-stranger"
TERMINAL = """
import os, pty
child, terminal = pty.fork()
if not child:
    os.execlp("echo", "echo", "hello")
print(os.read(terminal, 100))
"""


@pytest.fixture(scope="module")
def room():
    with trial.classroom([ANNE, BERT], [TEACHER], disk="100M", memory="1G", processes=150) as room:
        yield room


def act(room, scene):
    """Let a scene happen with Anne, Bert and the teacher logged in, each with a server and a kernel."""

    async def all_together():
        async with asyncio.timeout(280):
            students = [Student(room.address, name, room.passwords[name]) for name in (ANNE, BERT, TEACHER)]
            for student in students:
                await student.__aenter__()
            try:
                await asyncio.gather(*(come_in(student) for student in students))
                return await scene(*students)
            finally:
                for student in students:
                    if hands := getattr(student, "hands", None):
                        await student.stop_kernel(hands)
                    await student.__aexit__()

    async def come_in(student):
        await student.log_in()
        await student.start()
        student.hands = await student.kernel("")

    return asyncio.run(all_together())


async def said(student, code, patience=60):
    """What a piece of code prints in a student's kernel; it may not fail."""
    printed, error = await student.hands.run(code, patience)
    assert error is None, error
    return printed.strip()


async def answers(student):
    """Seconds until a student's kernel has done a second's worth of work."""
    begin = time.monotonic()
    assert await said(student, "print(sum(range(10**6)))") == "499999500000"
    return time.monotonic() - begin


def pids(name):
    """A student's processes, as the machine sees them."""
    return [path for path in Path("/proc").glob("[0-9]*") if path.exists() and path.owner() == name]


def tasks(name):
    """How many processes and threads a student has."""
    return sum(len(list(path.glob("task/*"))) for path in pids(name))


def groups():
    """The control groups of all trials."""
    tree = Path("/sys/fs/cgroup")
    return [*tree.glob(f"**/{trial.TRIAL.name}"), *tree.glob("**/students")]


def test_idle_servers_end():
    """In a classroom of its own, before the others', whose servers end after six seconds; nothing of it stays."""
    before = groups()
    with trial.classroom([ANNE], disk="100M", idle_minutes=0.1) as room:

        async def scene():
            async with Student(room.address, ANNE, room.passwords[ANNE]) as anne:
                await anne.log_in()
                await anne.start()
            assert pids(ANNE)
            await gone(ANNE)

        asyncio.run(scene())
    assert not trial.TRIAL.exists() and ANNE not in Path("/etc/passwd").read_text() and groups() == before
    assert str(trial.TRIAL) not in Path("/proc/mounts").read_text()


def test_no_other_account_of_the_machine_comes_in(room):
    async def knock(name, password):
        async with Student(room.address, name, password) as student:
            await student.log_in()

    subprocess.run(["useradd", "--no-create-home", STRANGER], check=True)
    try:
        subprocess.run(["chpasswd"], input=f"{STRANGER}:right", text=True, check=True)
        wrong = [("root", "root"), (ANNE, "wrong"), ("nobody", ""), (ANNE, room.passwords[BERT])]
        for name, password in [(STRANGER, "right"), *wrong]:
            with pytest.raises(PermissionError):
                asyncio.run(knock(name, password))
    finally:
        subprocess.run(["userdel", STRANGER], check=True)


def test_the_link_gives_copies_and_keeps_what_was_changed(room):
    async def scene(anne, bert, teacher):
        path, _ = await anne.copies("gate-equations")
        await said(anne, f"open('{path}', 'a').write(' ')")
        path_again, _ = await anne.copies("gate-equations")
        assert path_again == path == "book/chapters/gate-equations.ipynb"
        assert await said(anne, f"print(open('{path}').read()[-1] == ' ')") == "True"
        assert "medlstm" in await said(anne, "print(open('book/data/README.md').read()); print('medlstm')")
        status, text, _ = await anne.get(f"{anne.server}/book/no-such-chapter")
        assert status == 404 and "expected the name of a chapter" in text

    act(room, scene)


def test_files_are_private_and_the_machine_cannot_be_written_to(room):
    async def scene(anne, bert, teacher):
        for owner in (anne, teacher):
            await said(owner, "open('secret.txt', 'w').write('mine')")
        for name in (ANNE, TEACHER):
            home = room.folder / "home" / name
            assert home.stat().st_mode & 0o777 == 0o700
            _, error = await bert.hands.run(f"open('{home}/secret.txt').read()")
            assert error.startswith("PermissionError")
        for folder in ("hub", "disks"):
            _, error = await bert.hands.run(f"import os; os.listdir('{room.folder}/{folder}')")
            assert error.startswith("PermissionError")
        assert "hub.sqlite" in {path.name for path in (room.folder / "hub").iterdir()}  # there is something to hide
        careless = room.folder / "careless"
        careless.mkdir()
        careless.chmod(0o777)
        own = ("/tmp", "/var/tmp", "/dev/shm", str(room.folder / "home" / BERT))
        skipped = " -o ".join(f"-path {path}" for path in ("/proc", "/dev/pts", "/run/lock", *own))
        find = f"find / \\( {skipped} \\) -prune -o \\( -type d -o -type f \\) -writable -print 2>/dev/null"
        assert await said(bert, f"import subprocess; print(subprocess.getoutput({find!r}))") == ""
        code = f"import os; print([os.access(path, os.W_OK) for path in {own}])"
        assert await said(bert, code) == str([True] * len(own))  # `find` finds what can be written to
        mine = Path(f"/tmp/of-bert-{os.getpid()}")
        await said(bert, f"open('{mine}', 'w').write('')")
        assert not mine.exists()  # it is in Bert's own /tmp
        assert await said(bert, "print('ServerApp' in open('/tmp/server.log').read())") == "True"
        assert "ServerApp" not in room.log.read_text()  # which a student could fill the machine's disk with

    act(room, scene)


def test_processes_and_their_secrets_are_hidden(room):
    async def scene(anne, bert, teacher):
        seen = await said(
            bert,
            "import os, pathlib\n"
            "print({path.owner() for path in pathlib.Path('/proc').glob('[0-9]*') if path.exists()})",
        )
        assert seen == str({BERT})
        for other in (pids(ANNE)[0].name, str(room.hub.pid), trial.PROXY.read_text()):
            _, error = await bert.hands.run(f"open('/proc/{other}/environ').read()")
            assert error.startswith(("FileNotFoundError", "PermissionError")), error
        tokens = {b"JUPYTERHUB_API_TOKEN", b"CONFIGPROXY_AUTH_TOKEN"}
        there = b"".join((path / "environ").read_bytes() for path in pids(ANNE))
        assert any(token in there for token in tokens)  # as root they can be read: there is something to hide
        assert "CONFIGPROXY_AUTH_TOKEN" not in await said(bert, "print(dict(os.environ))")
        assert "1" == await said(bert, "print(open('/proc/self/status').read().split('NoNewPrivs:')[1].split()[0])")

    act(room, scene)


def listening(name):
    """The ports, of TCP and of UDP, on which a student's programs listen."""
    uid, ports = pids(name)[0].stat().st_uid, set()
    for table, waiting in {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}.items():
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, _, _, _, owner, *_ = line.split()
            if int(owner) == uid and state == waiting:
                ports.add(int(local.rpartition(":")[2], 16))
    return ports


def test_ports_of_others_open_to_nobody(room):
    async def scene(anne, bert, teacher):
        server = int(
            re.findall(rf"Adding user {ANNE} to proxy \S+ => http://127.0.0.1:(\d+)", room.log.read_text())[-1]
        )
        # Besides, her kernel takes what its own programs print (`ipykernel.iostream`), and tells nothing there.
        assert server in listening(ANNE) and len(listening(ANNE)) == 2
        code = (
            "import os\n"
            "import urllib.request, urllib.error\n"
            "def status(url, **headers):\n"
            "    try:\n"
            "        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=9).status\n"
            "    except urllib.error.HTTPError as error:\n"
            "        return error.code\n"
        )
        await said(anne, code)
        await said(bert, code)
        mine = "'token ' + os.environ['JUPYTERHUB_API_TOKEN']"
        server, port = f"http://127.0.0.1:{server}/user/{ANNE}", trial.PORT
        assert await said(anne, f"print(status('{server}/api/contents', Authorization={mine}))") == "200"
        for url in (f"{server}/api/contents", f"{server}/api/kernels", f"http://127.0.0.1:{port + 1}/api/routes"):
            assert await said(bert, f"print(status('{url}'))") == "403"
            assert await said(bert, f"print(status('{url}', Authorization={mine}))") == "403"
        users = f"http://127.0.0.1:{port + 2}/hub/api/users"
        assert await said(bert, f"print(status('{users}', Authorization={mine}))") == "403"
        assert await said(bert, f"print(status('{users}/{BERT}', Authorization={mine}))") == "200"

    act(room, scene)


def test_a_student_cannot_become_another(room):
    async def scene(anne, bert, teacher):
        known = f"echo {room.passwords[ANNE]} | su {ANNE} -c id"  # even who knows the password
        tried = await said(bert, f"import subprocess; print(subprocess.getoutput({known!r}))")
        assert "uid=" not in tried and "uid=" in subprocess.getoutput(f"su {ANNE} -c id")
        _, error = await bert.hands.run("import os; os.setuid(0)")
        assert error.startswith("PermissionError")
        group = re.search(r"^\d+:(pids)?:(/.*)", (pids(BERT)[0] / "cgroup").read_text(), re.M)  # version 1 or 2
        limit = Path("/sys/fs/cgroup", group[1] or "", group[2].lstrip("/"), "pids.max")
        assert limit.read_text().strip() == "150"
        _, error = await bert.hands.run(f"open('{limit}', 'w')")
        assert "Permission denied" in error or "Read-only" in error, error
        for folder in ("/run/dbus", "/run/user"):  # where the system bus is, and each account's own
            if Path(folder).is_dir():
                assert await said(bert, f"print(os.listdir('{folder}'))") == "[]"
        assert "hello" in await said(bert, TERMINAL)

    act(room, scene)


def test_a_full_disk_is_full_for_its_owner_alone(room):
    async def scene(anne, bert, teacher):
        image = room.folder / "disks" / f"{BERT}.img"
        assert image.stat().st_blocks * 512 >= image.stat().st_size == 100 << 20  # taken from the machine at once
        fill = (
            "for folder in ('.', '/tmp', '/dev/shm'):\n"
            "    for size in (2**20, 2**10):\n"
            "        with open(f'{folder}/big-{size}', 'wb', buffering=0) as file:\n"
            "            try:\n"
            "                for _ in range(1000): file.write(bytes(size))\n"
            "                print(folder, size, 'not full')\n"
            "            except OSError as error:\n"
            "                print(folder, size, error.strerror)\n"
        )
        full = await said(bert, fill)
        assert full.count("No space left") == 6, full
        assert await anne.save("note.txt", "there is room for this") == 201
        assert await bert.save("note.txt", "there is none for this" * 1000) >= 500
        another = await bert.kernel("")  # none of this stops a kernel
        await bert.stop_kernel(bert.hands)
        bert.hands = another
        for size in (2**20, 2**10):
            assert await bert.delete(f"big-{size}") == 204  # as JupyterLab does: it is gone, and in no bin
        free = "[path.unlink() for folder in ('/tmp', '/dev/shm') for path in pathlib.Path(folder).glob('big-*')]"
        assert await said(bert, f"import pathlib; print(len({free}))") == "4"
        assert await bert.save("note.txt", "there is room again") in (200, 201)

    act(room, scene)


def test_a_fork_bomb_is_contained(room):
    async def scene(anne, bert, teacher):
        bomb = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"
        await said(bert, f"import subprocess, sys\nb = subprocess.Popen([sys.executable, '-c', {bomb!r}])")
        for _ in range(3):  # it goes on: a shell's would end at the first refusal
            await asyncio.sleep(2)
            assert 100 < len(pids(BERT)) <= tasks(BERT) <= 150
            assert await answers(anne) < 5
            status, _, _ = await anne.get(f"{room.address}/hub/home")
            assert status == 200
        await bert.end()
        await gone(BERT)

    act(room, scene)


def processor_time(name):
    """Seconds that a student's processes have had a processor."""
    return sum(sum(psutil.Process(int(path.name)).cpu_times()[:2]) for path in pids(name))


async def gone(name):
    """Wait until the machine has buried a student's last process."""
    for _ in range(60):
        if not pids(name):
            return
        await asyncio.sleep(1)
    raise AssertionError(f"expected no process of {name}, got {len(pids(name))}")


def test_runaway_programs_slow_nobody_to_a_halt(room):
    async def scene(anne, bert, teacher):
        loops = "run = [subprocess.Popen(['sh', '-c', 'while :; do :; done']) for _ in range(30)]"
        await said(bert, f"import subprocess\n{loops}")
        begin, used = time.monotonic(), processor_time(BERT)
        await asyncio.sleep(4)
        share = (processor_time(BERT) - used) / (time.monotonic() - begin)
        slowest = max([await answers(anne) for _ in range(3)])
        await said(bert, "[r.kill() for r in run]")
        assert 0.8 < share < 1.15 and slowest < 2, (share, slowest)

    act(room, scene)


def test_too_much_memory_ends_the_kernel_that_took_it(room):
    async def scene(anne, bert, teacher):
        with pytest.raises(ConnectionError, match="the kernel has died"):
            await bert.hands.run("hoard = [bytearray(b'1' * 2**20) for _ in range(3000)]", patience=60)
        assert await answers(anne) < 5
        bert.hands = await bert.kernel("")  # the server has survived
        assert await said(bert, "print('here')") == "here"

    act(room, scene)


def test_a_killed_server_can_be_started_again_and_others_stay(room):
    async def scene(anne, bert, teacher):
        before = await said(anne, "x = 41; print(x + 1)")
        await said(bert, "import subprocess\nsubprocess.Popen(['setsid', 'sleep', '1000']); print('left behind')")
        for process in pids(BERT):
            if b"jupyterhub-singleuser" in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
        await gone(BERT)  # the hub looks every half minute, and ends what was left behind
        await bert.start()
        bert.hands = await bert.kernel("")
        assert await said(bert, "print('again')") == "again"
        assert before == await said(anne, "print(x + 1)") == "42"

    act(room, scene)


def test_making_the_accounts_again_changes_nothing(room):
    shadow = Path("/etc/shadow").read_text()
    listed = room.folder / "hub" / "again.txt"
    listed.write_text(f"{ANNE}\n{BERT}\n")
    done = trial._classroom("accounts", str(listed))
    assert done.stdout == "No new account.\n" and Path("/etc/shadow").read_text() == shadow
    listed.write_text("Anne Smith\n")
    done = trial._classroom("accounts", str(listed), check=False)
    assert done.returncode and "expected a name of small letters" in done.stderr
    listed.write_text("root\n")
    done = trial._classroom("accounts", str(listed), check=False)
    assert done.returncode and "got one of another account" in done.stderr
