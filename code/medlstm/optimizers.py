"""How do weights move? Each optimizer changes the arrays in place."""

import numpy as np

from medlstm.checks import check_number


def clip_by_global_norm(gradients, limit):
    """Scale all gradients together so that their joint norm is at most `limit`.

    Parameters
    ----------
    gradients : list of arrays
        Changed in place.
    limit : float
        Largest Euclidean norm allowed for all entries taken together (Pascanu et al. 2013).

    Returns
    -------
    float
        The norm before clipping.

    Raises
    ------
    TypeError, ValueError
        If `limit` is no number above 0.
    """
    check_number("limit", limit, "(0, inf]")
    norm = float(np.sqrt(sum(np.vdot(g, g) for g in gradients)))
    if norm > limit:
        for g in gradients:
            g *= limit / norm
    return norm


def cosine_decay(done, peak, warm_up=0.0):
    """A learning rate that rises straight to its peak, then falls along half a cosine to zero.

    Parameters
    ----------
    done : float
        Share of the training that is done, from 0 to 1.
    peak : float
        The highest rate, about.
    warm_up : float
        Share of the training in which the rate rises.

    Returns
    -------
    float
        Loshchilov and Hutter (2017), multiplied with the rise. Keras has its own, ``CosineDecay``.
    """
    check_number("done", done, "[0, 1]")
    check_number("warm_up", warm_up, "[0, 1)")
    rise = min(1, done / warm_up) if warm_up else 1
    return peak * rise * (1 + np.cos(np.pi * done)) / 2


class Optimizer:
    """What all share: clipping, and arrays kept from step to step for the weights of one network.

    An optimizer writes ``_start()``, called once, and ``_move(gradients)``, called for each step;
    ``_parameters`` holds the arrays to move.
    """

    def __init__(self, learning_rate, clip_norm):
        check_number("learning_rate", learning_rate, "[0, inf)")
        if clip_norm is not None:
            check_number("clip_norm", clip_norm, "(0, inf]")
        self.learning_rate, self.clip_norm = learning_rate, clip_norm
        self._parameters = None

    def update(self, parameters, gradients):
        """Move each array by one step against its gradient.

        Parameters
        ----------
        parameters : list of arrays
            Changed in place; the same arrays at each call.
        gradients : list of arrays
            One for each, of its shape; clipped in place.

        Raises
        ------
        ValueError
            If the arrays are not those of the first call, whose running means are kept, or there are
            more or fewer gradients.
        """
        if self._parameters is None:
            self._parameters = list(parameters)
            self._start()
        if [*map(id, parameters)] != [*map(id, self._parameters)]:
            raise ValueError(
                "parameters: expected the arrays of the first update, got others; "
                "give each network an optimizer of its own"
            )
        if self.clip_norm is not None:
            clip_by_global_norm(gradients, self.clip_norm)
        self._move(gradients)


class SGD(Optimizer):
    """Stochastic gradient descent with momentum.

    Parameters
    ----------
    learning_rate : float
        At least 0.
    momentum : float
        Share of the last step that is kept, below 1; 0 for none.
    clip_norm : float, optional
        Limit of the global norm of the gradients, above 0.

    Raises
    ------
    TypeError, ValueError
        If a number lies outside.
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, clip_norm=None):
        super().__init__(learning_rate, clip_norm)
        check_number("momentum", momentum, "[0, 1)")
        self.momentum = momentum

    def _start(self):
        self._velocity = [np.zeros_like(p) for p in self._parameters]

    def _move(self, gradients):
        for p, g, v in zip(self._parameters, gradients, self._velocity, strict=True):
            v *= self.momentum
            v -= self.learning_rate * g
            p += v


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, arXiv 1412.6980), in the form and with the defaults of Keras.

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon : float
        Step size, at least 0; decay of the running mean and of the running mean square, both below
        1; and the small number above 0 that keeps the quotient finite.
    clip_norm : float, optional
        Limit of the global norm of the gradients, above 0.

    Raises
    ------
    TypeError, ValueError
        If a number lies outside.
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, clip_norm=None):
        super().__init__(learning_rate, clip_norm)
        check_number("beta_1", beta_1, "[0, 1)")
        check_number("beta_2", beta_2, "[0, 1)")
        check_number("epsilon", epsilon, "(0, inf)")
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self._step = 0

    def _start(self):
        self._mean = [np.zeros_like(p) for p in self._parameters]
        self._square = [np.zeros_like(p) for p in self._parameters]
        self._scratch = [np.empty_like(p) for p in self._parameters]

    def _move(self, gradients):
        self._step += 1
        rate = self.learning_rate * (1 - self.beta_2**self._step) ** 0.5 / (1 - self.beta_1**self._step)
        for p, g, m, s, a in zip(self._parameters, gradients, self._mean, self._square, self._scratch, strict=True):
            m *= self.beta_1
            m += np.multiply(g, 1 - self.beta_1, out=a)
            s *= self.beta_2
            s += np.multiply(np.multiply(g, g, out=a), 1 - self.beta_2, out=a)
            np.add(np.sqrt(s, out=a), self.epsilon, out=a)
            p -= np.multiply(np.divide(m, a, out=a), rate, out=a)  # rate * m / (sqrt(s) + epsilon)
