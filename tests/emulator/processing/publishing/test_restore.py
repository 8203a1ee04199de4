"""The restore drill: each snippet of docs/restore.md, on tables and a ledger of the embedded AWS."""

import re
import subprocess
import sys
from datetime import UTC, datetime

import boto3
import pytest

from lake.ledger.items import FileVersion
from lake.ledger.ledger import Ledger
from processing.publishing.catalogue import open_catalogue, published_tables
from processing.publishing.merge import merge
from processing.publishing.rebuild import rebuild
from processing.storage.memory_store import MemoryStore
from tests.support.emulators import REGION
from tests.support.program import ROOT
from tests.support.published import THINGS, assert_equal_to_the_view, found, land, things

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(600)]
PAGE = ROOT / "docs" / "restore.md"
LEDGER, BUCKET, DATABASE = "the-ledger", "lake", "published"
PREFIX = "tables/things/"
VERSION = FileVersion("things", "carrier", "out/a.csv", 10, 1_700_000_000)


def snippets(section):
    """Return the Python of a section of the page, in order."""
    (text,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run(snippet, **values):
    """Run a snippet with other values in its assignments."""
    for name, value in values.items():
        snippet, replaced = re.subn(rf"^{name} = .*$", f"{name} = {value!r}", snippet, flags=re.MULTILINE)
        assert replaced == 1, f"{name} is not assigned once in:\n{snippet}"
    # The snippet does not import what the test's values need, such as datetime.datetime(…).
    words = snippet.replace("datetime.datetime(", "datetime(").replace("tzinfo=datetime.timezone.utc", "tzinfo=UTC")
    ran = subprocess.run([sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


@pytest.fixture
def aws(emulated_aws):
    """A person's environment, with the bucket of an empty lake that keeps versions."""
    s3 = emulated_aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    emulated_aws.client("glue").create_database(DatabaseInput={"Name": DATABASE})
    return BUCKET


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def published(aws, store):
    """Tables with live and deleted rows."""
    tables = published_tables(open_catalogue(), DATABASE, aws, THINGS)
    merge(tables, store, [land(store, THINGS, "a", things(1, 2, 3, 4), deleted=[0])])
    return tables


def delete_prefix():
    s3 = boto3.client("s3")
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=PREFIX)["Contents"]
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": entry["Key"]} for entry in listed]})


def delete_versions():
    s3 = boto3.client("s3")
    page = s3.list_object_versions(Bucket=BUCKET, Prefix=PREFIX)
    for entry in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
        s3.delete_object(Bucket=BUCKET, Key=entry["Key"], VersionId=entry["VersionId"])


def test_a_table_is_rolled_back_and_published_again(published, store):
    # given a merge of wrong rows, deleted ones among them
    before = [found(published), found(published, deleted=True)]
    moment = datetime.now(UTC)
    wrong = land(store, THINGS, "b", things(-1, -1, -1), as_of=1, deleted=[2])
    merge(published, store, [wrong])
    listing, rollback = snippets("A table has wrong rows")
    known = {"database": DATABASE, "dataset": "things"}

    # when the person lists the snapshots, and rolls back
    assert {line.split()[0] for line in run(listing, **known)} == {"things", "things_deleted"}
    run(rollback, moment=moment, **known)

    # then readers have the previous rows
    after = [found(published), found(published, deleted=True)]
    assert all(now.equals(then) for now, then in zip(after, before, strict=True))

    # when the history file is right, and the tables are rebuilt from history
    land(store, THINGS, "b", things(7, 8, 9), as_of=1, deleted=[1])
    rebuild(published, store)

    # then
    assert_equal_to_the_view(published, store)
    assert found(published)["value"].to_list() == [7, 9, 4]


def test_a_deleted_prefix_is_restored_from_its_versions(published, store):
    # given an accident
    since = datetime.now(UTC).replace(microsecond=0)
    delete_prefix()
    with pytest.raises(FileNotFoundError):
        found(published)

    # when
    (restore,) = snippets("Files under tables/ were deleted")
    run(restore, bucket=BUCKET, prefix=PREFIX, since=since)

    # then the table can be read and merged into
    assert_equal_to_the_view(published, store)
    merge(published, store, [land(store, THINGS, "b", things(5, 6), as_of=1)])
    assert_equal_to_the_view(published, store)


def test_a_table_without_files_is_made_again_from_history(published, store):
    # given a prefix that is lost permanently
    delete_prefix()
    delete_versions()

    # when the tables are deleted from the catalogue, and rebuilt from history
    for name in ("things", "things_deleted"):
        boto3.client("glue").delete_table(DatabaseName=DATABASE, Name=name)
    rebuild(published, store)

    # then
    assert_equal_to_the_view(published, store)


@pytest.mark.usefixtures("aws")
def test_what_the_ledger_lost_is_put_back():
    # given a ledger with a collected file. The emulator restores a table as it is now; AWS restores it as of the given
    # moment.
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(
        TableName=LEDGER,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    ledger = Ledger(dynamodb, LEDGER)
    ledger.complete(ledger.claim(VERSION), transferred=10, checksum="sha256:x")
    restore, put_back = snippets("The ledger is damaged")
    run(restore, ledger=LEDGER, moment=datetime.now(UTC))

    # when items are lost, and another file is collected
    for item in dynamodb.scan(TableName=LEDGER)["Items"]:
        dynamodb.delete_item(TableName=LEDGER, Key={name: item[name] for name in ("pk", "sk")})
    newer = FileVersion("things", "carrier", "out/b.csv", 11, 1_700_000_001)
    ledger.complete(ledger.claim(newer), transferred=11, checksum="sha256:y")
    assert not ledger.is_complete(VERSION)
    run(put_back, ledger=LEDGER)

    # then the ledger has both
    assert ledger.is_complete(VERSION)
    assert ledger.is_complete(newer)
