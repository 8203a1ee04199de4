import boto3
import pytest

from tests.support.emulators import REGION, running_emulator


@pytest.fixture
def emulated_aws(tmp_path, monkeypatch):
    """A session on an empty emulator, which the environment names as boto3 and pyiceberg expect."""
    with running_emulator(tmp_path / "emulator") as emulator:
        for name, value in {
            "AWS_ENDPOINT_URL": emulator.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        yield boto3.Session()
