"""How is a sequence run, and differentiated, fast?

The same equations as ``cells.standard`` and ``cells.CELLS["peephole"]``, arranged for speed:

- All four blocks of a step come from one matrix product: the weights stand side by side in
  [W U b], the numbers they meet are stacked as [x; h; 1].
- Units come before examples. In (T, units, N), each gate of a step is one unbroken stretch of
  memory, which element-wise work needs to run at full speed. What enters the gradients of the
  weights, [x; h; 1] and dz, lies as (units, T, N), so that several steps are one matrix product.
- A sigmoid is a shifted tanh, sigmoid(z) = 1/2 + 1/2 tanh(z/2). The inner half is multiplied
  into the weights beforehand.
- What was computed forwards saves work backwards: o (1 - tanh(c)^2) is o - h tanh(c), and so on.
- The large arrays are made before the loop, never in it, and the gradient of z is kept for a
  few steps only, so that it is still in the cache when it is multiplied.
"""

from dataclasses import dataclass

import numpy as np

from medlstm.checks import check_array, check_dtype, check_forward_came_first, check_mask, generator
from medlstm.parameters import Weight, recurrent_parameters

BLOCKS = ("input", "forget", "candidate", "output")  # column blocks of the kernels, as in Keras
HALVES = (0.5, 0.5, 1.0, 0.5)  # what each block of z is multiplied with before its tanh
CHUNK = 7  # time steps whose gradients are gathered before they are multiplied


@dataclass
class Memory:
    """What one `forward` leaves for `backward`, and the room both work in, with K = D + H + 1."""

    z: np.ndarray
    """(T, 4H, N). The four blocks after their activations, in the order of `BLOCKS`."""
    dz: np.ndarray
    """(4H, min(T, CHUNK), N). Gradient of the blocks before their activations, for a few steps."""
    c: np.ndarray
    """(T + 1, H, N). Cell state, that before the first step first."""
    tanh_c: np.ndarray
    """(T, H, N). tanh of the cell state after each step."""
    scratch: np.ndarray
    """(2, H, N). Room for what a line computes on the way."""
    xh: np.ndarray = None
    """(K, T + 1, N). [x; h; 1] that each step meets: its input, the hidden state before it, and ones."""
    h: np.ndarray = None
    """(H, T + 1, N). The rows of `xh` that are the hidden state."""
    skip: np.ndarray = None
    """bool (T, 1, N), or None. Where a sequence has no such step."""


class LSTM:
    """A layer of long short-term memory (Gers, Schmidhuber and Cummins 2000).

    Parameters
    ----------
    input_size : int
        D, numbers in each time step.
    units : int
        H, memory cells.
    dtype : dtype
        Floating-point type of weights and results.
    rng : numpy.random.Generator or int, optional
        Source of the starting weights, or a seed for one; the seed 0 unless given.
    peepholes : bool
        Let the gates see the cell state (Gers, Schraudolph and Schmidhuber 2002): input and forget
        gates the previous one, the output gate the new one.
    go_backwards : bool
        Read from the last time step to the first. Every result stays in the order of time.

    Attributes
    ----------
    kernel : array (D, 4H)
    recurrent_kernel : array (H, 4H)
    bias : array (4H,)
        In the layout of Keras, column blocks in the order of `BLOCKS`. Assigning writes in place.
    peephole : array (3, H)
        With peepholes only: rows for the input, forget and output gates.
    parameters, gradients : dict of arrays
        By these names. The gradients are those of the latest `backward`.

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number of at least 1, `dtype` no floating-point type, or `rng` no generator.
    """

    kernel = Weight()
    recurrent_kernel = Weight()
    bias = Weight()
    peephole = Weight()

    def __init__(self, input_size, units, dtype=np.float32, rng=None, peepholes=False, go_backwards=False):
        self.input_size, self.units, self.dtype = input_size, units, check_dtype(dtype)
        self.peepholes, self.go_backwards = peepholes, go_backwards
        self.parameters = recurrent_parameters(input_size, units, BLOCKS, generator(rng), dtype, 3 * peepholes)
        self.gradients = {}
        self._memory = None

    def forward(self, x, initial_state=None, mask=None):
        """Run the layer over whole sequences.

        Parameters
        ----------
        x : array (N, T, D)
            N sequences of T time steps, floating point, finite.
        initial_state : tuple of two arrays (N, H), optional
            Hidden state and cell state before the first step; zeros unless given.
        mask : array of bool (N, T), optional
            False where a sequence has no such step: the state passes it unchanged.

        Returns
        -------
        h : array (N, T, H)
            Hidden state after each step; read-only, because `backward` needs it unchanged.
        state : tuple of two arrays (N, H)
            Hidden state and cell state after the last step read.

        Raises
        ------
        TypeError, ValueError
            If an array has the wrong type or shape, is empty, is complex, or holds NaN, infinity or
            numbers too large for `dtype`.
        """
        check_array("x", x, ("N", "T", self.input_size), dtype=self.dtype)
        (N, T, D), H = x.shape, self.units
        before = self._state_or_zeros("initial_state", initial_state, N)
        if mask is not None:
            check_mask("mask", mask, (N, T))
        m = self._memory = self._allocate(N, T)
        m.skip = None if mask is None else ~self._inside(mask[:, :, None])[0]
        m.xh[:D, :T] = self._inside(x)
        m.h[:, 0], m.c[0] = before

        weights = np.concatenate([self.kernel, self.recurrent_kernel, self.bias[None]])
        weights = np.ascontiguousarray((weights * np.repeat(np.array(HALVES, self.dtype), H)).T)
        if self.peepholes:
            p_i, p_f, p_o = self.peephole[:, :, None] / 2
        i, f, g, o = np.split(m.z, 4, axis=1)
        for t in range(T):
            np.matmul(weights, m.xh[:, t], out=m.z[t])
            if self.peepholes:
                i[t] += p_i * m.c[t]
                f[t] += p_f * m.c[t]
            np.tanh(m.z[t, : 3 * H], out=m.z[t, : 3 * H])
            _to_sigmoid(m.z[t, : 2 * H])
            c = np.multiply(f[t], m.c[t], out=m.c[t + 1])
            c += np.multiply(i[t], g[t], out=m.scratch[0])
            if self.peepholes:
                o[t] += p_o * c
            _to_sigmoid(np.tanh(o[t], out=o[t]))
            np.tanh(c, out=m.tanh_c[t])
            h = np.multiply(o[t], m.tanh_c[t], out=m.h[:, t + 1])
            if m.skip is not None:
                np.copyto(c, m.c[t], where=m.skip[t])
                np.copyto(h, m.h[:, t], where=m.skip[t])

        h = self._outside(m.h[:, 1:])
        h.flags.writeable = False
        return h, (m.h[:, -1].T.copy(), m.c[-1].T.copy())

    def backward(self, dh, final_state_gradient=None, input_gradient=True):
        """Backpropagation through time, for the sequences of the latest `forward`.

        Parameters
        ----------
        dh : array (N, T, H) or None
            Gradient of the loss with respect to every hidden state; None stands for zeros.
        final_state_gradient : tuple of two arrays (N, H), optional
            Gradient with respect to the state that `forward` returned, added to `dh`.
        input_gradient : bool
            Whether `dx` is wanted; the lowest layer of a network need not compute it.

        Returns
        -------
        dx : array (N, T, D) or None
            Gradient with respect to the input. Those of the weights are left in `gradients`.
        state_gradient : tuple of two arrays (N, H)
            Gradient with respect to the initial hidden state and cell state.

        Raises
        ------
        RuntimeError
            If `forward` has not been called.
        TypeError, ValueError
            If an array is wrong in one of the ways that `forward` names.
        """
        m = self._memory
        check_forward_came_first(m)
        (T, H, N), D = m.tanh_c.shape, self.input_size
        if dh is not None:
            check_array("dh", dh, (N, T, H), dtype=self.dtype)
            dh = self._inside(dh)
        dh_t, dc = self._state_or_zeros("final_state_gradient", final_state_gradient, N)
        if self.peepholes:
            p_i, p_f, p_o = self.peephole[:, :, None]
            dp = np.zeros((3, H), self.dtype)

        dweights = np.zeros((D + H + 1, 4 * H), self.dtype)
        dx = np.empty((D, T, N), self.dtype) if input_gradient else None
        i, f, g, o = np.split(m.z, 4, axis=1)
        for t in reversed(range(T)):
            k = t % CHUNK
            dz, (di, df, dg, do) = m.dz[:, k], m.dz[:, k].reshape(4, H, N)
            s, written = m.scratch
            if dh is not None:
                dh_t += dh[:, t]
            if m.skip is not None:
                passed = dh_t.copy(), dc.copy()
            # h = o * tanh(c)
            h = m.h[:, t + 1]
            np.subtract(1, o[t], out=s)
            s *= h
            np.multiply(s, dh_t, out=do)
            np.multiply(h, m.tanh_c[t], out=s)
            np.subtract(o[t], s, out=s)
            s *= dh_t
            dc += s
            if self.peepholes:
                dc += p_o * do
            # c = f * c_before + i * g
            np.multiply(i[t], g[t], out=written)
            np.subtract(1, i[t], out=s)
            s *= written
            np.multiply(s, dc, out=di)
            written *= g[t]
            np.subtract(i[t], written, out=s)
            np.multiply(s, dc, out=dg)
            dc *= f[t]
            np.subtract(1, f[t], out=s)
            s *= m.c[t]
            np.multiply(s, dc, out=df)
            if m.skip is not None:
                np.copyto(dz, 0, where=m.skip[t])
            if self.peepholes:
                dc += p_i * di + p_f * df
                dp += [np.sum(d * c, axis=1) for d, c in ((di, m.c[t]), (df, m.c[t]), (do, m.c[t + 1]))]
            # z = W @ x + U @ h_before + b
            np.matmul(self.recurrent_kernel, dz, out=dh_t)
            if m.skip is not None:
                np.copyto(dh_t, passed[0], where=m.skip[t])
                np.copyto(dc, passed[1], where=m.skip[t])
            if k == 0:
                steps = slice(t, min(t + CHUNK, T))
                several = m.dz[:, : steps.stop - t].reshape(4 * H, -1)
                dweights += m.xh[:, steps].reshape(D + H + 1, -1) @ several.T
                if input_gradient:
                    dx[:, steps] = (self.kernel @ several).reshape(D, -1, N)

        self.gradients = {"kernel": dweights[:D], "recurrent_kernel": dweights[D:-1], "bias": dweights[-1]}
        if self.peepholes:
            self.gradients["peephole"] = dp
        return self._outside(dx) if input_gradient else None, (dh_t.T, dc.T)

    def _allocate(self, N, T):
        """The arrays of one pass, kept from batch to batch while the shape stays the same."""
        m, H, K = self._memory, self.units, self.input_size + self.units + 1
        if m is None or m.tanh_c.shape != (T, H, N):
            shapes = {
                "z": (T, 4 * H, N),
                "dz": (4 * H, min(T, CHUNK), N),
                "c": (T + 1, H, N),
                "tanh_c": (T, H, N),
                "scratch": (2, H, N),
            }
            m = Memory(**{name: np.empty(shape, self.dtype) for name, shape in shapes.items()})
        m.xh = np.empty((K, T + 1, N), self.dtype)  # handed out as h, so never used again
        m.xh[-1] = 1
        m.h = m.xh[self.input_size : -1]
        return m

    def _inside(self, a):
        """(N, T, K) as a view (K, T, N), in the order in which time is read."""
        return a.T[:, ::-1] if self.go_backwards else a.T

    _outside = _inside  # its own inverse

    def _state_or_zeros(self, name, pair, N):
        """A pair of states (N, H) as (H, N)."""
        if pair is None:
            return np.zeros((2, self.units, N), self.dtype)
        if len(pair) != 2:
            raise ValueError(
                f"{name}: expected two arrays, got {len(pair)}; pass those of the hidden state and of the cell state"
            )
        for k, part in enumerate(pair):
            check_array(f"{name}[{k}]", part, (N, self.units), dtype=self.dtype)
        return np.array([part.T for part in pair], self.dtype)


def _to_sigmoid(a):
    """Turn tanh(z/2) into sigmoid(z), in place."""
    a *= 0.5
    a += 0.5
