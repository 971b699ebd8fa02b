"""Are the gradients right?

Two ways to differentiate a function by calling it. The complex step (Squire and Trapp 1998) takes
a step so small that it leaves no truncation error, into the imaginary direction, where nothing is
subtracted: the result is exact to rounding. It needs a function that accepts complex numbers.
"""

import numpy as np


def complex_step(function, array, step=1e-30):
    """Gradient of a real function, exact to rounding.

    Parameters
    ----------
    function : callable
        Maps an array like `array`, complex, to one number.
    array : array of float64
        Where to differentiate, of any shape.
    step : float
        Imaginary step; its size does not matter while its square vanishes beside 1.

    Returns
    -------
    array of float64
        The gradient, of the shape of `array`.
    """
    array = np.asarray(array)

    def difference(index):
        point = array.astype(complex)
        point[index] += 1j * step
        return np.imag(function(point)) / step

    return _each_entry(difference, array)


def central_difference(function, array, step=1e-5):
    """Gradient of a real function from two calls an entry, good to about half the digits.

    Parameters
    ----------
    function : callable
        Maps an array like `array` to one number.
    array : array of float64
        Where to differentiate, of any shape.
    step : float
        Large, and the curve bends within it; small, and the difference drowns in rounding.

    Returns
    -------
    array of float64
        The gradient, of the shape of `array`.
    """
    array = np.asarray(array, float)

    def difference(index):
        above, below = array.copy(), array.copy()
        above[index] += step
        below[index] -= step
        return (function(above) - function(below)) / (2 * step)

    return _each_entry(difference, array)


def relative_error(value, reference):
    """Norm of the difference of two arrays over the norm of the second."""
    return float(np.linalg.norm(value - reference) / np.linalg.norm(reference))


def _each_entry(difference, array):
    return np.array([difference(index) for index in np.ndindex(array.shape)]).reshape(array.shape)
