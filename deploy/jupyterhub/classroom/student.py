"""What does a student's browser do? Log in, start a server, follow the link, run cells: the same requests, by program.

For tests and for the load test; every request goes to one address and has a time limit.
"""

import asyncio
import json
import re
import time
import uuid

import aiohttp


class Student:
    """One student with a browser of their own.

    Parameters
    ----------
    address : str
        Of the hub, such as ``"http://127.0.0.1:8000"``.
    name, password : str
    """

    def __init__(self, address, name, password):
        self.address, self.name, self.password = address, name, password
        self.server = f"{address}/user/{name}"

    async def __aenter__(self):
        cookies = aiohttp.CookieJar(unsafe=True)  # the address is a number, not a name
        self.browser = aiohttp.ClientSession(cookie_jar=cookies, timeout=aiohttp.ClientTimeout(total=200))
        return self

    async def __aexit__(self, *error):
        await self.browser.close()

    def token(self, path):
        """What the pages below a path want to see again with each request that changes something."""
        cookies = {cookie["path"]: cookie.value for cookie in self.browser.cookie_jar if cookie.key == "_xsrf"}
        return {"X-XSRFToken": cookies[path]} if path in cookies else {}

    async def get(self, url, **options):
        """The status and the text of a page, and where it was found in the end."""
        async with self.browser.get(url, **options) as answer:
            return answer.status, await answer.text(errors="replace"), str(answer.url)

    async def log_in(self):
        """Give name and password; PermissionError if the hub will not have them."""
        _, page, place = await self.get(f"{self.address}/hub/login?next=/hub/home")
        if place == f"{self.address}/hub/home":
            return  # they are in
        token = re.search(r'name="_xsrf" value="([^"]+)"', page)[1]
        form = {"username": self.name, "password": self.password, "_xsrf": token}
        async with self.browser.post(f"{self.address}/hub/login", data=form, allow_redirects=False) as answer:
            if answer.status != 302:
                raise PermissionError(f"{self.name}: expected to be let in, got status {answer.status}")

    async def start(self, patience=180):
        """Start the server and wait until it answers; the seconds that took."""
        begin = time.monotonic()
        await self.get(f"{self.address}/hub/spawn/{self.name}")
        while True:
            status, text, url = await self.get(f"{self.server}/lab")
            if status == 200 and url.startswith(self.server):
                return time.monotonic() - begin
            if time.monotonic() - begin > patience:
                raise TimeoutError(
                    f"{self.name}: expected a server within {patience} s, got {status} at {url}: {text[:300]}"
                )
            await asyncio.sleep(1)

    async def end(self, patience=60):
        """End the server by its button, and wait until it is gone."""
        url = f"{self.address}/hub/api/users/{self.name}/server"
        headers = self.token("/hub/") | {"Referer": f"{self.address}/hub/home"}
        begin = time.monotonic()
        while True:
            async with self.browser.delete(url, headers=headers) as answer:
                if answer.status == 204:  # 202: it is still ending
                    return
            if answer.status != 202 or time.monotonic() - begin > patience:
                raise RuntimeError(f"{self.name}: expected the server to end, got status {answer.status}")
            await asyncio.sleep(0.5)

    async def copies(self, chapter):
        """Follow the class's link to a chapter; the path of the copy, and the seconds that took."""
        begin = time.monotonic()
        status, text, url = await self.get(f"{self.address}/hub/user-redirect/book/{chapter}")
        if status != 200 or "/lab/tree/" not in url:
            raise RuntimeError(f"{self.name}: expected JupyterLab with {chapter}, got {status} at {url}: {text[:300]}")
        return url.partition("/lab/tree/")[2], time.monotonic() - begin

    async def contents(self, path):
        """A file as JupyterLab reads it."""
        status, text, url = await self.get(f"{self.server}/api/contents/{path}")
        if status != 200:
            raise FileNotFoundError(f"{path}: expected a file, got {status} at {url}")
        return json.loads(text)

    async def save(self, path, content):
        """Save a file as JupyterLab does; the status of the answer."""
        url = f"{self.server}/api/contents/{path}"
        body = {"type": "file", "format": "text", "content": content}
        async with self.browser.put(url, json=body, headers=self.token(f"/user/{self.name}/")) as answer:
            return answer.status

    async def delete(self, path):
        """Delete a file as JupyterLab does; the status of the answer."""
        headers = self.token(f"/user/{self.name}/")
        async with self.browser.delete(f"{self.server}/api/contents/{path}", headers=headers) as answer:
            return answer.status

    async def kernel(self, folder="book/chapters"):
        """Open a kernel that stands in a folder."""
        body = {"name": "python3", "path": folder}
        url, headers = f"{self.server}/api/kernels", self.token(f"/user/{self.name}/")
        async with self.browser.post(url, json=body, headers=headers) as answer:
            if answer.status != 201:
                raise RuntimeError(
                    f"{self.name}: expected a kernel, got {answer.status}: {(await answer.text())[:300]}"
                )
            number = (await answer.json())["id"]
        socket = await self.browser.ws_connect(f"{url}/{number}/channels", max_msg_size=0)
        return Kernel(socket, number)

    async def stop_kernel(self, kernel):
        await kernel.socket.close()
        url, headers = f"{self.server}/api/kernels/{kernel.number}", self.token(f"/user/{self.name}/")
        async with self.browser.delete(url, headers=headers) as answer:
            return answer.status

    async def run_chapter(self, path):
        """Run a notebook's code cells in a new kernel, one after the other.

        Returns
        -------
        dict
            Seconds from the first cell's start to the last one's end, and the errors that no check of an exercise
            has raised.
        """
        notebook = (await self.contents(path))["content"]
        kernel = await self.kernel(path.rpartition("/")[0])
        begin, errors = time.monotonic(), []
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                _, error = await kernel.run(cell["source"], patience=900)
                if error and "raises-exception" not in cell["metadata"].get("tags", []):
                    errors.append(error)
        seconds = time.monotonic() - begin
        return {"seconds": seconds, "errors": errors, "kernel": kernel}


class Kernel:
    """A kernel behind its websocket."""

    def __init__(self, socket, number):
        self.socket, self.number, self.session = socket, number, uuid.uuid4().hex

    async def run(self, code, patience=60):
        """Run a piece of code; what it printed, and its error or None.

        Raises
        ------
        TimeoutError
            If it has not ended after `patience` seconds.
        ConnectionError
            If the kernel dies, or its server.
        """
        header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        header |= {"session": self.session, "date": ""}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await self.socket.send_json(message)
        async with asyncio.timeout(patience):
            return await self._answer(header["msg_id"])

    async def _answer(self, number):
        printed, error = [], None
        async for message in self.socket:
            if message.type != aiohttp.WSMsgType.TEXT:
                continue
            message = json.loads(message.data)
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] in ("restarting", "dead"):
                raise ConnectionError("the kernel has died")
            if message["parent_header"].get("msg_id") != number:
                continue
            if kind == "stream":
                printed.append(content["text"])
            elif kind == "error":
                error = f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and content["execution_state"] == "idle":
                return "".join(printed), error
        raise ConnectionError("the server has closed the connection")
