"""What all tests share: an environment that leads to no account of this machine, and past its proxy to the emulator."""

import gc
import os

import botocore.loaders
import botocore.session
import pytest

from tests.support.platform import platform, program, target  # noqa: F401  # fixtures of several folders
from tests.support.stream import event_stream, held_events  # noqa: F401  # fixtures of several folders

# The sample's tests run apart, on what the checkout declares; these on declarations of their own.
collect_ignore = ["sample", "declarations"]
# The tests' heap is large and little of it garbage: to look for it as often as by default takes a tenth of their time.
gc.set_threshold(20_000, 10, 50)
# Every session would parse AWS's service descriptions again, which takes longer than most tests and keeps the memory.
_DESCRIPTIONS = botocore.loaders.create_loader()
botocore.session.Session._register_data_loader = lambda session: session.register_component(
    "data_loader", _DESCRIPTIONS
)
# rich reads it when a console is made, and a test that asks for another width would be ignored.
os.environ.pop("COLUMNS", None)
# The functions' modules read it as they are imported. Deployed ones are given their stack's.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "data-platform-tests")


def pytest_collection_finish():
    """What is loaded by now stays: neither the collector nor a forked child's need look at it again."""
    gc.freeze()


def pytest_unconfigure():
    """Let the interpreter clear up at its end."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def _no_account_of_this_machine():
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        for name in ("NO_PROXY", "no_proxy"):
            environment.setenv(name, ",".join(filter(None, (os.environ.get(name), "127.0.0.1"))))
        yield
