"""How do weights move? Each optimizer changes the arrays in place."""

import numpy as np


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
    """
    norm = float(np.sqrt(sum(np.vdot(g, g) for g in gradients)))
    if norm > limit:
        for g in gradients:
            g *= limit / norm
    return norm


class SGD:
    """Stochastic gradient descent with momentum.

    Parameters
    ----------
    learning_rate : float
    momentum : float
        Share of the last step that is kept; 0 for none.
    clip_norm : float, optional
        Limit of the global norm of the gradients.
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, clip_norm=None):
        self.learning_rate, self.momentum, self.clip_norm = learning_rate, momentum, clip_norm
        self._velocity = None

    def update(self, parameters, gradients):
        """Move each array of `parameters` by one step against its gradient; clips `gradients` in place."""
        if self.clip_norm is not None:
            clip_by_global_norm(gradients, self.clip_norm)
        if self._velocity is None:
            self._velocity = [np.zeros_like(p) for p in parameters]
        for p, g, v in zip(parameters, gradients, self._velocity, strict=True):
            v *= self.momentum
            v -= self.learning_rate * g
            p += v


class Adam:
    """Adam (Kingma and Ba 2015, arXiv 1412.6980), in the form and with the defaults of Keras.

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon : float
        Step size, decay of the running mean and of the running mean square, and the small number
        that keeps the quotient finite.
    clip_norm : float, optional
        Limit of the global norm of the gradients.
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, clip_norm=None):
        self.learning_rate, self.beta_1, self.beta_2 = learning_rate, beta_1, beta_2
        self.epsilon, self.clip_norm = epsilon, clip_norm
        self._step, self._mean = 0, None

    def update(self, parameters, gradients):
        """Move each array of `parameters` by one step against its gradient; clips `gradients` in place."""
        if self.clip_norm is not None:
            clip_by_global_norm(gradients, self.clip_norm)
        if self._mean is None:
            self._mean = [np.zeros_like(p) for p in parameters]
            self._square = [np.zeros_like(p) for p in parameters]
            self._scratch = [np.empty_like(p) for p in parameters]
        self._step += 1
        rate = (self.learning_rate * (1 - self.beta_2 ** self._step) ** 0.5
                / (1 - self.beta_1 ** self._step))
        for p, g, m, s, a in zip(parameters, gradients, self._mean, self._square, self._scratch, strict=True):
            m *= self.beta_1
            m += np.multiply(g, 1 - self.beta_1, out=a)
            s *= self.beta_2
            s += np.multiply(np.multiply(g, g, out=a), 1 - self.beta_2, out=a)
            np.add(np.sqrt(s, out=a), self.epsilon, out=a)
            p -= np.multiply(np.divide(m, a, out=a), rate, out=a)    # rate * m / (sqrt(s) + epsilon)
