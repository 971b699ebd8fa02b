"""How is a sequence run, and differentiated, fast?

The same equations as ``cells.standard``, arranged for speed. Three ideas carry most of it:

- One matrix product projects the inputs of all time steps at once; only h_{t-1} @ U must wait
  for the step before. The gradients of the weights are likewise one product each, after the loop.
- A sigmoid is a shifted tanh, sigmoid(z) = 1/2 + 1/2 tanh(z/2). With the halves multiplied into
  the weights beforehand, one call of tanh serves all four blocks.
- Time is the first axis of every array inside, so that each step reads and writes memory that
  lies together, and the arrays are made before the loop, never in it.
"""

from types import SimpleNamespace

import numpy as np

from medlstm.checks import check_array
from medlstm.parameters import Weight, recurrent_parameters

BLOCKS = ("input", "forget", "candidate", "output")     # column blocks of the kernels, as in Keras
SCALE = (0.5, 0.5, 1.0, 0.5)    # each block is (1 - s) + s * tanh(s * z): a sigmoid, or tanh itself


class LSTM:
    """A layer of long short-term memory (Gers, Schmidhuber and Cummins 2000), without peepholes.

    Parameters
    ----------
    input_size : int
        D, numbers in each time step.
    units : int
        H, memory cells.
    dtype : dtype
        Floating-point type of weights and results.
    rng : numpy.random.Generator, optional
        Source of the starting weights; ``numpy.random.default_rng(0)`` unless given.

    Attributes
    ----------
    kernel : array (D, 4H)
    recurrent_kernel : array (H, 4H)
    bias : array (4H,)
        In the layout of Keras, column blocks in the order of `BLOCKS`. Assigning writes in place.
    parameters, gradients : dict of arrays
        By these three names. The gradients are those of the latest `backward`.
    """

    kernel = Weight()
    recurrent_kernel = Weight()
    bias = Weight()

    def __init__(self, input_size, units, dtype=np.float32, rng=None):
        self.input_size, self.units, self.dtype = input_size, units, np.dtype(dtype)
        rng = np.random.default_rng(0) if rng is None else rng
        self.parameters = recurrent_parameters(input_size, units, BLOCKS, rng, dtype)
        self.gradients = {}
        self._scale = np.repeat(np.array(SCALE, dtype), units)
        self._memory = None

    def forward(self, x, initial_state=None):
        """Run the layer over whole sequences.

        Parameters
        ----------
        x : array (N, T, D)
            N sequences of T time steps, floating point, finite.
        initial_state : tuple of two arrays (N, H), optional
            Hidden state and cell state before the first step; zeros unless given.

        Returns
        -------
        h : array (N, T, H)
            Hidden state after each step; read-only, because `backward` needs it unchanged.
        state : tuple of two arrays (N, H)
            Hidden state and cell state after the last step.

        Raises
        ------
        TypeError, ValueError
            If an array has the wrong type or shape, is empty, or holds NaN or infinity.
        """
        check_array("x", x, ("N", "T", self.input_size))
        N, T, D = x.shape
        m = self._memory = self._allocate(N, T)
        np.copyto(m.x, x.swapaxes(0, 1), casting="same_kind")
        m.h = np.empty((T + 1, N, self.units), self.dtype)    # handed out, so never used again
        m.h[0], m.c[0] = self._state_or_zeros("initial_state", initial_state, N)

        scale, shift = self._scale, 1 - self._scale
        U = self.recurrent_kernel * scale
        np.matmul(m.x.reshape(T * N, D), self.kernel * scale, out=m.z.reshape(T * N, -1))
        m.z += self.bias * scale
        i, f, g, o = self._blocks(m.z)
        for t in range(T):
            z = m.z[t]
            z += np.matmul(m.h[t], U, out=m.product)
            np.tanh(z, out=z)
            z *= scale
            z += shift                                        # z now holds i, f, g and o
            c = np.multiply(f[t], m.c[t], out=m.c[t + 1])
            c += np.multiply(i[t], g[t], out=m.scratch)
            np.tanh(c, out=m.tanh_c[t])
            np.multiply(o[t], m.tanh_c[t], out=m.h[t + 1])

        m.h.flags.writeable = False
        return m.h[1:].swapaxes(0, 1), (m.h[-1], m.c[-1].copy())

    def backward(self, dh, final_state_gradient=None):
        """Backpropagation through time, for the sequences of the latest `forward`.

        Parameters
        ----------
        dh : array (N, T, H) or None
            Gradient of the loss with respect to every hidden state; None stands for zeros.
        final_state_gradient : tuple of two arrays (N, H), optional
            Gradient with respect to the state that `forward` returned, added to `dh`.

        Returns
        -------
        dx : array (N, T, D)
            Gradient with respect to the input. Those of the weights are left in `gradients`.
        state_gradient : tuple of two arrays (N, H)
            Gradient with respect to the initial hidden state and cell state.

        Raises
        ------
        RuntimeError
            If `forward` has not been called.
        TypeError, ValueError
            If an array has the wrong type or shape, or holds NaN or infinity.
        """
        m = self._memory
        if m is None:
            raise RuntimeError("backward: expected a call of forward first, got none; "
                               "run forward on the same batch")
        T, N, D = m.x.shape
        if dh is not None:
            check_array("dh", dh, (N, T, self.units))
        dh_t, dc = self._state_or_zeros("final_state_gradient", final_state_gradient, N)

        UT = np.ascontiguousarray(self.recurrent_kernel.T)
        i, f, g, o = self._blocks(m.z)
        di, df, dg, do = self._blocks(m.dz)
        slope, scratch = m.slope, m.scratch
        for t in reversed(range(T)):
            if dh is not None:
                dh_t += dh[:, t]
            # h = o * tanh(c)
            np.multiply(dh_t, m.tanh_c[t], out=scratch)
            np.multiply(scratch, _sigmoid_slope(o[t], slope), out=do[t])
            np.multiply(dh_t, o[t], out=scratch)
            scratch *= _tanh_slope(m.tanh_c[t], slope)
            dc += scratch
            # c = f * c_before + i * g
            np.multiply(dc, m.c[t], out=scratch)
            np.multiply(scratch, _sigmoid_slope(f[t], slope), out=df[t])
            np.multiply(dc, g[t], out=scratch)
            np.multiply(scratch, _sigmoid_slope(i[t], slope), out=di[t])
            np.multiply(dc, i[t], out=scratch)
            np.multiply(scratch, _tanh_slope(g[t], slope), out=dg[t])
            dc *= f[t]
            # z = x @ W + h_before @ U + b
            np.matmul(m.dz[t], UT, out=dh_t)

        dz = m.dz.reshape(T * N, -1)
        self.gradients = {"kernel": m.x.reshape(T * N, D).T @ dz,
                          "recurrent_kernel": m.h[:-1].reshape(T * N, -1).T @ dz,
                          "bias": dz.sum(axis=0)}
        dx = (dz @ self.kernel.T).reshape(T, N, D)
        return dx.swapaxes(0, 1), (dh_t, dc)

    def _allocate(self, N, T):
        """The arrays of one pass, kept from batch to batch while the shape stays the same."""
        if self._memory is not None and self._memory.x.shape[:2] == (T, N):
            return self._memory
        D, H = self.input_size, self.units
        shapes = {"x": (T, N, D), "z": (T, N, 4 * H), "dz": (T, N, 4 * H), "c": (T + 1, N, H),
                  "tanh_c": (T, N, H), "product": (N, 4 * H), "scratch": (N, H), "slope": (N, H)}
        return SimpleNamespace(**{k: np.empty(s, self.dtype) for k, s in shapes.items()})

    def _blocks(self, z):
        """The four column blocks of (T, N, 4H) as views (T, N, H)."""
        return np.split(z, len(BLOCKS), axis=-1)

    def _state_or_zeros(self, name, pair, N):
        if pair is None:
            return np.zeros((2, N, self.units), self.dtype)
        for k, part in enumerate(pair):
            check_array(f"{name}[{k}]", part, (N, self.units))
        return np.array(pair, self.dtype)


def _sigmoid_slope(a, out):
    """a (1 - a), the derivative of a sigmoid whose value is a."""
    np.subtract(1, a, out=out)
    out *= a
    return out


def _tanh_slope(a, out):
    """1 - a^2, the derivative of a tanh whose value is a."""
    np.multiply(a, a, out=out)
    return np.subtract(1, out, out=out)
