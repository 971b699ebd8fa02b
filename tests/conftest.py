"""Every test, and every kernel that nbval starts, runs under the settings of the stored outputs."""

import matplotlib
import numpy as np
import pytest

from medlstm.notebooks import set_environment

set_environment()
matplotlib.use("Agg")


@pytest.fixture
def rng():
    return np.random.default_rng(7)
