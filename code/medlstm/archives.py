"""How is a file of arrays read that may be damaged, or made to do damage?"""

import math
import os
import re
import zipfile

import numpy as np

# What NumPy writes before the numbers of a real array: magic, version 1.0, two bytes of length, a dict, padding.
HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>]f[248])', 'fortran_order': (True|False), "
    rb"'shape': \(([\d, ]+)\), \} *\n",
    re.DOTALL,
)


def read_arrays(path):
    """The floating-point arrays by name of an .npz file that ``numpy.savez`` wrote.

    The file is not trusted: what it claims of its sizes is compared with its own before anything is
    read, each member is held against its checksum, and no memory is taken but that of its bytes.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of arrays
        Read-only.

    Raises
    ------
    ValueError
        If it cannot be opened, is damaged, compressed, or anything else; the message says which in a
        few words.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if any(
                member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size
                for member in members
            ):
                raise ValueError("its members are compressed")
            if sum(member.file_size for member in members) > os.path.getsize(path):
                raise ValueError("it claims to hold more bytes than it has")
            return {member.filename.removesuffix(".npy"): _array(archive.read(member)) for member in members}
    except (zipfile.BadZipFile, EOFError, OSError, OverflowError, RuntimeError) as error:
        raise ValueError(str(error) or "it ends too early") from error


def _array(content):
    """The array of an .npy file, as a view of its bytes."""
    header = HEADER.match(content)
    if header is None:
        raise ValueError("a member is no array of floating-point numbers")
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(size) for size in header[3].split(b",") if size.strip())
    if math.prod(shape) * dtype.itemsize != len(content) - header.end() or 0 in shape:
        raise ValueError(f"an array of shape {shape} has other bytes than it claims")
    return np.frombuffer(content, dtype, offset=header.end()).reshape(shape, order="F" if header[2] == b"True" else "C")
