"""How is a sequence read from both ends?"""

import numpy as np

from medlstm.checks import check_array, generator
from medlstm.lstm import LSTM


class Bidirectional:
    """Two LSTM layers over the same sequence, one in each direction (Schuster and Paliwal 1997).

    Parameters
    ----------
    input_size, units, dtype, rng, peepholes
        As for `medlstm.lstm.LSTM`; each direction has `units` memory cells of its own.

    Attributes
    ----------
    directions : dict of LSTM
        ``forward`` and ``backward``.
    parameters, gradients : dict of arrays
        By names such as ``forward/kernel``. The gradients are those of the latest `backward`.
    """

    def __init__(self, input_size, units, dtype=np.float32, rng=None, peepholes=False):
        rng = generator(rng)
        self.units = units
        self.directions = {
            "forward": LSTM(input_size, units, dtype, rng, peepholes),
            "backward": LSTM(input_size, units, dtype, rng, peepholes, go_backwards=True),
        }
        self.parameters = self._named("parameters")
        self.gradients = {}

    def forward(self, x, initial_state=None, mask=None):
        """Run both directions over whole sequences.

        Parameters
        ----------
        x : array (N, T, D)
        initial_state : tuple of four arrays (N, H), optional
            Hidden and cell state, first of the forward direction, then of the backward one.
        mask : array of bool (N, T), optional
            False where a sequence has no such step.

        Returns
        -------
        h : array (N, T, 2H)
            Hidden states side by side, the forward direction first. At step t the first half has
            seen the steps up to t, the second half those from t on.
        state : tuple of four arrays (N, H)
            In the order of `initial_state`, after the last step that each direction read.

        Raises
        ------
        TypeError, ValueError
            As `medlstm.lstm.LSTM.forward`.
        """
        results = [
            lstm.forward(x, state, mask)
            for lstm, state in zip(self.directions.values(), _halves("initial_state", initial_state))
        ]
        return np.concatenate([h for h, _ in results], axis=-1), results[0][1] + results[1][1]

    def backward(self, dh, final_state_gradient=None, input_gradient=True):
        """Backpropagation through time, for the sequences of the latest `forward`.

        Parameters
        ----------
        dh : array (N, T, 2H) or None
        final_state_gradient : tuple of four arrays (N, H), optional
        input_gradient : bool
            As for `medlstm.lstm.LSTM.backward`, both directions side by side.

        Returns
        -------
        dx : array (N, T, D) or None
        state_gradient : tuple of four arrays (N, H)

        Raises
        ------
        RuntimeError, TypeError, ValueError
            As `medlstm.lstm.LSTM.backward`.
        """
        parts = (None, None)
        if dh is not None:
            check_array("dh", dh, ("N", "T", 2 * self.units))
            parts = np.split(dh, 2, axis=-1)
        results = [
            lstm.backward(part, state, input_gradient)
            for lstm, part, state in zip(
                self.directions.values(), parts, _halves("final_state_gradient", final_state_gradient)
            )
        ]
        self.gradients = self._named("gradients")
        dx = results[0][0] + results[1][0] if input_gradient else None
        return dx, results[0][1] + results[1][1]

    def _named(self, kind):
        return {
            f"{direction}/{key}": array
            for direction, lstm in self.directions.items()
            for key, array in getattr(lstm, kind).items()
        }


def _halves(name, states):
    """The states of the two directions, or None for each."""
    if states is None:
        return None, None
    if len(states) != 4:
        raise ValueError(
            f"{name}: expected four arrays, two for each direction, got {len(states)}; "
            "pass hidden and cell state of the forward direction, then of the backward one"
        )
    return states[:2], states[2:]
