"""The SDK's packages are imported before the program needs them."""

import subprocess
import sys

import pytest

from tests.support.recording import ROOT

LOOK = """
import sys
from emulation.pulumi_engine import load_packages
load_packages()
print(sorted(name for name, module in sys.modules.items() if "Lazy" in type(module).__name__))
print("pulumi_aws.s3.bucket" in sys.modules, "pulumi_aws.lambda_.function" in sys.modules)
"""


@pytest.mark.long  # the imports take a second
def test_every_package_of_a_handler_is_loaded():
    # when a separate process loads them
    shown = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True, check=True)

    # then the program's services are imported, and others are not
    lazy, read = shown.stdout.splitlines()
    assert read == "True True"
    assert "pulumi_aws.s3'" not in lazy
    assert "pulumi_aws.sagemaker'" in lazy
