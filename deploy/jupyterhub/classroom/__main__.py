"""The teacher's command, as root: ``classroom --help``."""

import argparse
import os
import sys
from datetime import datetime
from pathlib import Path

from classroom import accounts, settings

TICKET = """\
- - - - - - - - - - - - - - - - - - - - - - - -
Address:   {link}/hub/user-redirect/book
Name:      {name}
Password:  {password}
"""


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="classroom", description="Run the classroom server, and its accounts.")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("hub", help="start the hub here; with systemd it runs as the service `classroom`")
    add = actions.add_parser("accounts", help="make an account for each line of a file; those that are there stay")
    add.add_argument("list", type=Path, metavar="LIST", help="a name a line, such as mina or student-07")
    add.add_argument("--teachers", action="store_true", help="administrators: they may open every server")
    renew = actions.add_parser("password", help="give accounts new passwords")
    renew.add_argument("names", nargs="+", metavar="NAME")
    actions.add_parser("list", help="show the accounts, and how full their disks are")
    remove = actions.add_parser("remove", help="remove accounts with their files")
    remove.add_argument("names", nargs="+", metavar="NAME")
    options = parser.parse_args(arguments)
    if os.geteuid() != 0:
        sys.exit("expected to run as root; type sudo before the command")
    try:
        act(options)
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(str(error))


def act(options):
    if options.action == "hub":
        sys.stdout.flush()
        config = settings.HERE / "jupyterhub_config.py"
        os.chdir(settings.FOLDER / "hub")
        os.execv(sys.executable, [sys.executable, "-m", "jupyterhub", "--config", str(config)])
    elif options.action == "accounts":
        lines = (line.split("#")[0].strip() for line in options.list.read_text().splitlines())
        group = accounts.TEACHERS if options.teachers else accounts.STUDENTS
        passwords = {}
        try:
            for name, password in accounts.add(filter(None, lines), group):
                passwords[name] = password
        finally:  # those that were made before one failed have theirs
            if passwords:
                hand_out(passwords)
        if not passwords:
            print("No new account.")
    elif options.action == "password":
        hand_out({name: accounts.new_password(name) for name in map(accounts.known, options.names)})
    elif options.action == "list":
        for name in accounts.names():
            disk = os.statvfs(accounts.home(name))
            print(f"{name:20} {1 - disk.f_bavail / disk.f_blocks:4.0%} of the disk used")
    else:
        for name in options.names:
            accounts.remove(name)


def hand_out(passwords):
    """Write a sheet to print, which root alone can read, and say where it is."""
    sheet = settings.FOLDER / "hub" / f"passwords-{datetime.now():%Y-%m-%d-%H%M%S}.txt"
    link = settings.read().link
    with open(os.open(sheet, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(TICKET.format(link=link, name=name, password=passwords[name]) for name in passwords)
    print(f"{len(passwords)} passwords are in {sheet}. Print it, cut it into strips, and delete it.")


if __name__ == "__main__":
    main()
