"""The jobs find the catalogue through the environment, as boto3 does."""

import boto3
import pytest

from processing.publishing.catalogue import open_catalogue, published_tables
from processing.publishing.merge import merge
from processing.storage.folder_store import FolderStore
from tests.support.emulators import REGION, running_emulator
from tests.support.published import THINGS, assert_equal_to_the_view, land, things

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """The environment of a job for an emulator with an empty lake."""
    with running_emulator(tmp_path / "emulator") as emulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.setenv(name, "test")
        boto3.client("s3").create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
        boto3.client("glue").create_database(DatabaseInput={"Name": "lake"})
        yield


@pytest.mark.usefixtures("environment")
def test_table_at_the_environments_endpoint_is_written_and_read(tmp_path):
    # given
    (tmp_path / "lake").mkdir()
    store = FolderStore(tmp_path / "lake")
    published = published_tables(open_catalogue(), "lake", "lake", THINGS)

    # when
    merge(published, store, [land(store, THINGS, "first", things(1, 2), as_of=1)])
    merge(published, store, [land(store, THINGS, "second", things(3, start=1), as_of=2)])

    # then
    assert_equal_to_the_view(published, store)
    found = boto3.client("s3").list_objects_v2(Bucket="lake")["Contents"]
    assert {key["Key"].partition("/things")[0] for key in found} == {"tables"}


@pytest.mark.usefixtures("environment")
def test_reader_does_not_create_an_unpublished_table():
    # given
    published = published_tables(open_catalogue(), "lake", "lake", THINGS)

    # when, then
    assert published.found(published.live) is None
    assert boto3.client("glue").get_tables(DatabaseName="lake")["TableList"] == []
