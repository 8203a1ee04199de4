"""What all tests share: an environment that leads to no account of this machine, and past its proxy to the emulator."""

import gc
import os

import pytest

from tests.emulator.stream_fixtures import event_stream, held_events  # noqa: F401  # fixtures of several folders
from tests.platform_fixtures import platform, target  # noqa: F401  # fixtures of several folders

# The tests' heap is large and little of it garbage: to look for it as often as by default takes a tenth of their time.
gc.set_threshold(20_000, 10, 50)
# The functions' modules read it as they are imported. Deployed ones are given their stack's.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "data-platform-tests")


@pytest.fixture(scope="session", autouse=True)
def _no_account_of_this_machine():
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        for name in ("NO_PROXY", "no_proxy"):
            environment.setenv(name, ",".join(filter(None, (os.environ.get(name), "127.0.0.1"))))
        yield
