"""The classroom server, started for real: what one student does harms no other, and stays hidden from them.

By hand, as root, where deploy/jupyterhub/setup has run: pytest -m hub tests/deploy. It takes about three minutes.
All accounts, mounts, limits and folders that it makes are removed afterwards.
"""

import asyncio
import os
import re
import signal
import time
from pathlib import Path

import pytest
from classroom import trial
from classroom.student import Student

pytestmark = [pytest.mark.hub, pytest.mark.skipif(bool(trial.missing()), reason=trial.missing() or "all is there")]
ANNE, BERT, TEACHER = "trial-anne", "trial-bert", "trial-teacher"


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
    with trial.classroom([ANNE], disk="100M", idle_minutes=0.1) as room:

        async def scene():
            async with Student(room.address, ANNE, room.passwords[ANNE]) as anne:
                await anne.log_in()
                await anne.start()
            assert pids(ANNE)
            await gone(ANNE)

        asyncio.run(scene())
    assert not trial.TRIAL.exists() and ANNE not in Path("/etc/passwd").read_text() and not groups()
    assert str(trial.TRIAL) not in Path("/proc/mounts").read_text()


def test_no_other_account_of_the_machine_comes_in(room):
    async def knock(name, password):
        async with Student(room.address, name, password) as student:
            await student.log_in()

    for name, password in [("root", "root"), (ANNE, "wrong"), ("nobody", ""), (ANNE, room.passwords[BERT])]:
        with pytest.raises(PermissionError):
            asyncio.run(knock(name, password))


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
        find = "find / -xdev -writable -not -type l -not -path '/proc/*' -not -path '/dev/*' 2>/dev/null"
        open_ = set((await said(bert, f"import subprocess; print(subprocess.getoutput({find!r}))")).split())
        assert open_ == {"/tmp", "/var/tmp", "/run/lock", str(room.folder / "home" / BERT)}
        mine = Path(f"/tmp/of-bert-{os.getpid()}")
        await said(bert, f"open('{mine}', 'w').write('')")
        assert not mine.exists()  # it is in Bert's own /tmp

    act(room, scene)


def test_processes_and_their_secrets_are_hidden(room):
    async def scene(anne, bert, teacher):
        seen = await said(
            bert,
            "import os, pathlib\n"
            "print({path.owner() for path in pathlib.Path('/proc').glob('[0-9]*') if path.exists()})",
        )
        assert seen == str({BERT})
        for other in (pids(ANNE)[0].name, str(room.hub.pid), (room.folder / "hub/proxy.pid").read_text()):
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
        ports = listening(ANNE) - {server}  # a kernel's own programs send it what they print
        assert server in listening(ANNE) and len(ports) == 1
        hear = (
            "import zmq\nroom = zmq.Context()\nmouth, ear = room.socket(zmq.PUB), room.socket(zmq.SUB)\n"
            "port = mouth.bind_to_random_port('tcp://127.0.0.1')\near.subscribe(b'')\n"
            "ear.connect(f'tcp://127.0.0.1:{port}')\n"
            "while not ear.poll(100): mouth.send(b'Bert')\n"
            "while ear.poll(100): ear.recv()\n"
            f"ear.connect('tcp://127.0.0.1:{ports.pop()}')"
        )
        await said(bert, hear)  # it can hear
        await said(anne, "print('a secret of Anne')")
        assert await said(bert, "print(ear.poll(3000))") == "0"
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
        tried = await said(bert, "import subprocess; print(subprocess.getoutput('echo root | su root -c id'))")
        assert "uid=0" not in tried
        _, error = await bert.hands.run("import os; os.setuid(0)")
        assert error.startswith("PermissionError")
        _, error = await bert.hands.run("open('/sys/fs/cgroup/memory/cgroup.procs', 'w')")
        assert error

    act(room, scene)


def test_a_full_disk_is_full_for_its_owner_alone(room):
    async def scene(anne, bert, teacher):
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
        free = "[path.unlink() for folder in ('.', '/tmp', '/dev/shm') for path in pathlib.Path(folder).glob('big-*')]"
        assert await said(bert, f"import pathlib; print(len({free}))") == "6"
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


async def gone(name):
    """Wait until the machine has buried a student's last process."""
    for _ in range(60):
        if not pids(name):
            return
        await asyncio.sleep(1)
    raise AssertionError(f"expected no process of {name}, got {len(pids(name))}")


def test_runaway_programs_slow_nobody_to_a_halt(room):
    async def scene(anne, bert, teacher):
        alone = await answers(anne)
        await said(
            bert, "import subprocess\nrun = [subprocess.Popen(['sh', '-c', 'while :; do :; done']) for _ in range(30)]"
        )
        await asyncio.sleep(1)
        beside = max([await answers(anne) for _ in range(3)])
        await said(bert, "[r.kill() for r in run]")
        assert beside < 3 * alone + 2, (alone, beside)

    act(room, scene)


def test_too_much_memory_ends_the_kernel_that_took_it(room):
    async def scene(anne, bert, teacher):
        with pytest.raises((ConnectionError, TimeoutError)):
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
        await asyncio.sleep(1)
        for _ in range(60):  # the hub looks every half minute
            url = (await bert.get(f"{bert.server}/lab"))[2]
            if "/hub/" in url:
                break
            await asyncio.sleep(1)
        await bert.start()
        bert.hands = await bert.kernel("")
        assert await said(bert, "print('again')") == "again"
        assert not any(b"1000" in (process / "cmdline").read_bytes() for process in pids(BERT))
        assert before == await said(anne, "print(x + 1)") == "42"

    act(room, scene)


def test_making_the_accounts_again_changes_nothing(room):
    shadow = Path("/etc/shadow").read_text()
    listed = room.folder / "hub" / "again.txt"
    listed.write_text(f"{ANNE}\n{BERT}\n")
    done = trial._classroom("accounts", str(listed))
    assert done.stdout == "No new account: all are there.\n" and Path("/etc/shadow").read_text() == shadow
    listed.write_text("Anne Smith\n")
    done = trial._classroom("accounts", str(listed), check=False)
    assert done.returncode and "expected a name of small letters" in done.stderr
    listed.write_text("root\n")
    done = trial._classroom("accounts", str(listed), check=False)
    assert done.returncode and "another account of this machine" in done.stderr
