"""JupyterHub's configuration for one classroom; what a teacher decides is in settings.toml."""

import atexit
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from classroom import accounts, limits, settings  # noqa: E402
from classroom.authenticator import Accounts  # noqa: E402
from classroom.spawner import ClassroomSpawner  # noqa: E402

from medlstm.environment import set_environment, threads  # noqa: E402
from medlstm.files import ROOT  # noqa: E402

c = get_config()  # noqa: F821
room, port = settings.read(), urlsplit(settings.read().address).port
secrets = settings.FOLDER / "hub"  # 0700

# Students reach the proxy; the two others listen to this machine alone.
c.JupyterHub.bind_url = room.address
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{port + 1}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port + 2}"
nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs", "--inh-caps=-all"]
c.ConfigurableHTTPProxy.command = [*nobody, str(settings.FOLDER / "node/node_modules/.bin/configurable-http-proxy")]
c.ConfigurableHTTPProxy.pid_file = f"/run/{settings.FOLDER.name}-proxy.pid"  # after a power cut, another's number
c.JupyterHub.cookie_secret_file = str(secrets / "cookie_secret")
c.JupyterHub.db_url = f"sqlite:///{secrets / 'hub.sqlite'}"
c.JupyterHub.upgrade_db = True  # for a newer JupyterHub; it keeps a copy of the old one

# Who may come in: the accounts of the classroom, and nobody else on this machine.
c.JupyterHub.authenticator_class = Accounts
c.Accounts.service = "classroom"
c.Accounts.allowed_groups = {accounts.STUDENTS, accounts.TEACHERS}
c.Accounts.admin_groups = {accounts.TEACHERS}

# What each gets.
c.JupyterHub.spawner_class = ClassroomSpawner
c.Spawner.cmd = [str(HERE / "cell"), str(Path(sys.prefix) / "bin" / "jupyterhub-singleuser")]
c.Spawner.mem_limit, c.Spawner.cpu_limit = room.memory, room.cpus
c.ClassroomSpawner.processes_limit = room.processes
c.Spawner.default_url = "/book"  # see classroom/copies.py
c.Spawner.start_timeout = c.Spawner.http_timeout = 180
set_environment()
shared = {name: os.environ[name] for name in os.environ if name.startswith(("TF_", "CUDA_", "KERAS_"))}
c.Spawner.environment = {
    **shared,
    **threads(max(1, round(room.cpus))),
    "CELL_TEMPORARY": str(room.temporary),
    "JUPYTER_CONFIG_PATH": os.pathsep.join([str(HERE / "singleuser"), str(ROOT / ".jupyter")]),
    "JUPYTER_RUNTIME_DIR": "/tmp/runtime",  # `cell` mounts it
    "PYTHONPATH": str(HERE),
}
limits.prepare(limits.memory_of_machine() - room.memory_kept_free)
atexit.register(limits.close)
accounts.mount_all()

# Servers that nobody uses end.
c.JupyterHub.services = [
    {
        "name": "culler",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={round(room.idle_minutes * 60)}"],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["culler"],
    }
]
