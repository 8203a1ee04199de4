"""Settings of all tests: an environment that reaches no AWS account and no proxy, only the emulator."""

import gc
import os

import botocore.loaders
import botocore.session
import pytest

from tests.support.platform import platform, program, target  # noqa: F401  # fixtures of several folders
from tests.support.stream import event_stream, held_events  # noqa: F401  # fixtures of several folders

# The sample's tests run separately, with the checkout's declarations; all others use the tests' own declarations.
collect_ignore = ["sample", "declarations"]
# The tests' heap is large and contains little garbage. Collecting it at the default frequency takes a tenth of their
# time.
gc.set_threshold(20_000, 10, 50)
# Otherwise every session parses AWS's service descriptions again, which takes longer than most tests and uses memory.
_DESCRIPTIONS = botocore.loaders.create_loader()
botocore.session.Session._register_data_loader = lambda session: session.register_component(
    "data_loader", _DESCRIPTIONS
)
# rich reads the variable when it creates a console, and would then ignore another width that a test sets.
os.environ.pop("COLUMNS", None)
# The functions' modules read it at import. Deployed functions get their stack's value.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "data-platform-tests")


def pytest_collection_finish():
    """Exempt loaded objects from garbage collection, here and in forked children."""
    gc.freeze()


def pytest_unconfigure():
    """Undo it before the interpreter exits."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def _no_account_of_this_machine():
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        for name in ("NO_PROXY", "no_proxy"):
            environment.setenv(name, ",".join(filter(None, (os.environ.get(name), "127.0.0.1"))))
        yield
