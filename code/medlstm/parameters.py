"""How do weights start, and where does a layer keep them?

The starting values are those of Keras: a kernel drawn uniformly (Glorot and Bengio 2010), an
orthogonal recurrent kernel (Saxe et al. 2014), zero biases except for the forget gate's,
which starts at one (Gers, Schmidhuber and Cummins 2000; Jozefowicz et al. 2015).
"""

import numpy as np

from medlstm.checks import check_array, check_dtype, check_size


class Weight:
    """An attribute that reads, and writes in place, the array of its name in ``parameters``.

    What is written is one finite real number for all entries, or an array of them of the same shape.
    A layer that has no such array raises AttributeError.
    """

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, layer, owner=None):
        if layer is None:
            return self
        if self.name not in layer.parameters:
            raise AttributeError(
                f"{self.name}: expected one of {', '.join(layer.parameters)}, got a weight that this "
                f"{type(layer).__name__} was built without; build it with {self.name}s=True"
            )
        return layer.parameters[self.name]

    def __set__(self, layer, value):
        weight, value = self.__get__(layer), np.asarray(value)
        if value.dtype.kind in "iu":
            value = value.astype(float)
        whole = value if value.ndim else np.broadcast_to(value, weight.shape)
        check_array(self.name, whole, weight.shape, dtype=weight.dtype)
        weight[...] = value


def glorot_uniform(shape, rng, dtype):
    """Matrix (fan_in, fan_out), uniform within +-sqrt(6 / (fan_in + fan_out))."""
    limit = np.sqrt(6 / sum(shape))
    return rng.uniform(-limit, limit, shape).astype(dtype)


def orthogonal(shape, rng, dtype):
    """Matrix whose rows (if wide) or columns (if tall) are orthonormal, drawn uniformly among those."""
    rows, columns = shape
    q, r = np.linalg.qr(rng.standard_normal((max(shape), min(shape))))
    q *= np.sign(np.diag(r))  # makes the factorisation unique, and so the draw uniform
    return (q if rows >= columns else q.T).astype(dtype)


def recurrent_parameters(input_size, units, blocks, rng, dtype, peepholes=0):
    """Fresh kernels and bias of a recurrent cell.

    Parameters
    ----------
    input_size, units : int
        D and H, both at least 1.
    blocks : sequence of str
        What each of the B column blocks computes; the bias of the one called "forget" starts at 1.
    rng : numpy.random.Generator
        Source of the random numbers.
    dtype : dtype
        Real floating-point type of the arrays.
    peepholes : int
        P, gates that see the cell state. Their weights start at 0, and so the cell as a standard one.

    Returns
    -------
    dict of arrays
        ``kernel`` (D, B*H), ``recurrent_kernel`` (H, B*H), ``bias`` (B*H,) and, with peepholes,
        ``peephole`` (P, H).

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number of at least 1, or `dtype` no real floating-point type.
    """
    check_size("input_size", input_size)
    check_size("units", units)
    dtype = check_dtype(dtype)
    columns = len(blocks) * units
    bias = np.zeros(columns, dtype)
    if "forget" in blocks:
        start = blocks.index("forget") * units
        bias[start : start + units] = 1
    parameters = {
        "kernel": glorot_uniform((input_size, columns), rng, dtype),
        "recurrent_kernel": orthogonal((units, columns), rng, dtype),
        "bias": bias,
    }
    return parameters | ({"peephole": np.zeros((peepholes, units), dtype)} if peepholes else {})
