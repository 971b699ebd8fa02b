"""Who is in the class? Accounts of this machine, each with a home folder that is a file system of its own.

A home folder of a fixed size is all that its owner can fill. Its file is written out in full when the account is
made, so that the machine's own disk cannot run out under it.
"""

import grp
import os
import pwd
import re
import secrets
import subprocess
import sys
import time

from classroom import limits, settings

STUDENTS, TEACHERS = "classroom-students", "classroom-teachers"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no two that look alike on paper


def names():
    """The accounts of this classroom: members of its groups whose home folders it holds."""
    members = {name for group in (STUDENTS, TEACHERS) for name in grp.getgrnam(group).gr_mem}
    homes = {user.pw_name: user.pw_dir for user in pwd.getpwall()}
    return sorted(name for name in members if homes.get(name) == home(name))


def home(name):
    """The path of a home folder."""
    return str(settings.FOLDER / "home" / name)


def disk(name):
    """The file that holds the file system of a home folder."""
    return settings.FOLDER / "disks" / f"{name}.img"


def add(wanted, group=STUDENTS):
    """Make accounts, one after the other; those that are there stay as they are.

    Parameters
    ----------
    wanted : iterable of str
        Names: small letters, digits and hyphens, a letter first.
    group : str
        `STUDENTS` or `TEACHERS`.

    Yields
    ------
    tuple of str
        The name of a new account, and its password.

    Raises
    ------
    ValueError
        If a name cannot be an account's, or belongs to another account of this machine; none is made then.
    """
    wanted, here = list(dict.fromkeys(wanted)), names()
    taken = {user.pw_name for user in pwd.getpwall()} | {each.gr_name for each in grp.getgrall()}
    for name in wanted:
        if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name):
            raise ValueError(f"expected a name of small letters, digits and hyphens, a letter first, got {name!r}")
        if name in taken and name not in here:
            raise ValueError(
                f"{name}: expected a new name, got one of another account or group of this machine; choose another"
            )
    for name in wanted:
        if name not in here:
            yield name, _add(name, group)


def _add(name, group):
    try:
        os.makedirs(home(name), mode=0o755, exist_ok=True)
        _run("useradd", "--no-create-home", "--home-dir", home(name), "--shell", "/bin/bash", "--groups", group, name)
        _make_disk(name)
        return new_password(name)
    except BaseException:
        _clear_away(name)  # half an account is worse than none
        raise


def _make_disk(name):
    image, folder, user = disk(name), home(name), pwd.getpwnam(name)
    size = str(settings.read().disk)
    _run("truncate", "--size", size, str(image))
    os.chmod(image, 0o600)
    _run("mkfs.ext4", "-q", "-m", "0", str(image))
    _run("fallocate", "--length", size, str(image))  # last, since the line above gives back what it does not need
    mount(name)
    os.rmdir(f"{folder}/lost+found")
    os.chown(folder, user.pw_uid, user.pw_gid)
    os.chmod(folder, 0o700)


def mount(name):
    """Put the file system of a home folder in its place, unless it is there."""
    folder = home(name)
    if not os.path.ismount(folder):
        _run("mount", "--options", "loop,nosuid,nodev", str(disk(name)), folder)


def mount_all():
    """Put all home folders in their places; one that will not be is named, and stops nobody else."""
    for name in names():
        try:
            mount(name)
        except RuntimeError as error:
            print(f"{name}: the home folder is not in its place: {error}", file=sys.stderr)


def new_password(name):
    """Give an account a new password, which is returned."""
    password = "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3))
    _run("chpasswd", input=f"{name}:{password}\n")
    return password


def known(name):
    """The name, if it is an account of this classroom; ValueError otherwise."""
    if name not in names():
        raise ValueError(f"{name}: expected an account of this classroom, got none; `classroom list` shows them")
    return name


def remove(name):
    """Remove an account of this classroom, its processes, and its files."""
    limits.Group(known(name)).clear()
    deadline = time.monotonic() + 45  # programs that did not start on the hub, and dead ones that it has yet to bury
    while subprocess.run(["pkill", "-KILL", "-u", name], check=False).returncode == 0:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{name}: expected its processes to end within 45 s, some do not; restart the hub")
        time.sleep(0.1)
    _clear_away(name)


def _clear_away(name):
    """Remove what there is of an account."""
    if name in {user.pw_name for user in pwd.getpwall()}:
        _run("userdel", name)
    if os.path.ismount(home(name)):
        _run("umount", "--lazy", home(name))
    if os.path.isdir(home(name)):
        os.rmdir(home(name))
    disk(name).unlink(missing_ok=True)


def _run(*command, **options):
    """Run a program; RuntimeError with its own words if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
