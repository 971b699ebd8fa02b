"""Who may come in, and for how long? The accounts of the classroom, by their passwords, while they are there."""

from jupyterhub.auth import PAMAuthenticator

from classroom import accounts


class Accounts(PAMAuthenticator):
    """Accounts of this machine; one that was removed is out within minutes, whatever its browser has kept."""

    async def refresh_user(self, user, handler=None):
        return user.name in accounts.names()
