"""Every test, and every kernel that nbval starts, runs under the settings of the stored outputs."""

import pytest

from medlstm.environment import set_environment
from medlstm.notebooks import missing_data

set_environment()


def pytest_collection_modifyitems(items):
    """A chapter whose data are not on this machine is skipped; the site shows its stored outputs."""
    missing = {path: missing_data(path) for path in {item.path for item in items} if path.suffix == ".ipynb"}
    for item in items:
        if missing.get(item.path):
            item.add_marker(pytest.mark.skip(reason=f"needs {', '.join(missing[item.path])}; `make data` fetches it"))
