"""How does a file come from elsewhere: whole, or not at all?"""

from contextlib import ExitStack
from pathlib import Path

from medlstm.files import whole_file


def fetch(url, path, md5, timeout=30):
    """Download a file; it appears at its place once its MD5 is verified, and not before.

    A progress bar is drawn where standard error is a terminal. Whatever goes wrong, nothing is left
    behind and an older file at `path` stays as it was; the next call starts anew.

    Parameters
    ----------
    url : str
        Where the file is.
    path : path
        Where it shall be; missing folders are made.
    md5 : str
        Its MD5, 32 hexadecimal digits.
    timeout : float
        Seconds to wait for a connection, or for the next bytes.

    Raises
    ------
    ConnectionError
        If the file does not arrive: no network, an HTTP error, silence, or a transfer that breaks off.
    ValueError
        If other bytes arrive.
    """
    import pooch
    import requests
    from tqdm import tqdm

    path = Path(path)
    by_hand = f"or open the address in a browser and put the file at {path}"
    bar = tqdm(desc=path.name, total=1, unit="B", unit_scale=True, disable=None)
    with whole_file(path) as part, bar, ExitStack() as stack:

        def close_at_the_end(response, **options):
            stack.callback(response.close)

        download = pooch.HTTPDownloader(
            progressbar=bar, chunk_size=2**16, timeout=timeout, hooks={"response": close_at_the_end}
        )
        try:
            download(url, part, None)
        except requests.RequestException as error:
            raise ConnectionError(
                f"{url}: expected the file {path.name}, got {_instead(error, timeout)}; "
                f"check the network and try again, {by_hand}"
            ) from error
        digest = pooch.file_hash(part, alg="md5")
        if digest != md5:
            raise ValueError(
                f"{url}: expected a file with MD5 {md5}, got {part.stat().st_size} bytes "
                f"with {digest}; try again from another network, {by_hand}"
            )


def _instead(error, timeout):
    """What came instead of the file, in a few words."""
    if error.response is not None:
        return f"HTTP status {error.response.status_code} ({error.response.reason})"
    if "timed out" in str(error):
        return f"nothing for {timeout} seconds"
    return "a transfer that broke off" if "IncompleteRead" in str(error) else "no connection"
