"""The demo with the real engine, as far as it goes without its CLI."""

import pytest

from local.engine import EngineError
from local.pulumi_cli import deploy_with_pulumi


def test_without_the_cli_it_says_where_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=r"the Pulumi CLI is not installed on this machine: www\.pulumi\.com"):
        deploy_with_pulumi(
            tmp_path, stack="local", config={}, endpoint="http://127.0.0.1:1", state_directory=tmp_path, instance="one"
        )
