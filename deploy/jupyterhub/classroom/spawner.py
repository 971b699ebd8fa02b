"""How does a student's server start: within its limits, and with a narrow view of the machine?"""

import asyncio

from jupyterhub.spawner import LocalProcessSpawner
from traitlets import Integer

from classroom import accounts, limits


class ClassroomSpawner(LocalProcessSpawner):
    """A local process in a control group of its own; `cell`, which it starts with, does the rest."""

    processes_limit = Integer(300, config=True, help="How many processes and threads one student may have.")

    @property
    def group(self):
        return limits.Group(self.user.name)

    def load_state(self, state):
        """After a new start of the hub: its server is the process of that number only if it is in its group."""
        super().load_state(state)
        if self.pid not in self.group.processes():
            self.pid = 0

    def make_preexec_fn(self, name):
        """Joins the group as root; `cell` becomes the student."""
        return self.group.join

    async def start(self):
        accounts.mount(self.user.name)
        await asyncio.to_thread(self.group.clear)  # what a hub that was killed has left behind
        self.group.create(self.mem_limit, self.cpu_limit, self.processes_limit)
        return await super().start()

    async def run_post_stop_hook(self):
        """However the server has ended, the programs that it started end, too."""
        await asyncio.to_thread(self.group.clear)
