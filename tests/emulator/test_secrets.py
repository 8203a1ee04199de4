"""The secrets of a running platform are only where they belong: in no output, file, log or argument."""

import io
import re
import zipfile

import psutil
import pytest

from ops.ingest.collect import collect
from ops.ingest.extract import extract
from tests.support.endings.streams import store_events
from tests.support.platform_steps import deliver, outgoing_folder, refine
from tests.support.stream import EventStream

pytestmark = [pytest.mark.long, pytest.mark.emulator, pytest.mark.xdist_group("platform")]

PREFIX = "/data-platform/local/"
# Where local secrets are stored, readable only by their owner: generated secrets, and the stand-in's configuration.
HOMES = ("private-keys", "sql-source")


def needles(secret):
    """Return what reveals a secret: the secret itself, or a line from the middle of a key, which no other key has."""
    lines = secret.strip().splitlines()
    return {lines[len(lines) // 2]} if len(lines) > 1 else {secret.strip()}


@pytest.fixture(scope="module")
def secrets(platform):
    """The platform's secure parameters by name, as the operator reads them."""
    from ops.stack.target import find_target

    pages = find_target("local", platform.state_directory).client("ssm").get_paginator("get_parameters_by_path")
    found = [
        each
        for page in pages.paginate(Path=PREFIX, Recursive=True, WithDecryption=True)
        for each in page["Parameters"]
        if each["Type"] == "SecureString"
    ]
    return {each["Name"].removeprefix(PREFIX): needles(each["Value"]) for each in found}


@pytest.fixture(scope="module")
def worked(platform):
    """A platform that has collected a file, accepted and refused signed and other events, and refined everything."""
    from ops.stack.target import find_target

    target = find_target("local", platform.state_directory)
    file = outgoing_folder(platform) / "secrets.csv"
    deliver(file, "member_id,town,size,label\n1,Leeds,Small,AB12CDE\nx,Leeds,Small,AB13CDE\n")
    collect(target, "parcels")
    file.unlink()
    extract(target, "members", lambda _: None)
    stream = EventStream(target)
    store_events(target, stream)
    stream.settle()
    refine(target)
    return target


def holders(texts, secrets):
    """Return place and secret of each match. Values are not returned, because failures are printed."""
    return [
        (place, name)
        for place, text in texts
        for name, parts in secrets.items()
        if any(part.encode() in text for part in parts)
    ]


def unpacked(name, content):
    """Return a file's bytes; for an archive each member's, at any depth."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        yield name, content
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.namelist():
            yield from unpacked(f"{name}/{member}", archive.read(member))


def test_every_kind_of_secret_is_searched_for(secrets):
    kinds = {"connections/carrier/private-key", "databases/office/password", "database-servers/office/key"}
    assert kinds | {"events/callbacks/scales/secret"} <= set(secrets)
    assert any("scanner" in name for name in secrets)
    assert all(len(part) >= 16 for parts in secrets.values() for part in parts)


def test_state_exports_and_log_files_hold_no_secret(worked, platform, secrets):
    # given every file of the platform's directory except where secrets are stored
    folder = platform.state_directory
    files = [each for each in folder.rglob("*") if each.is_file() and each.relative_to(folder).parts[0] not in HOMES]
    places = {str(each.relative_to(folder)) for each in files}
    assert {"engine.json", "logs/emulator.log", "logs/sftp-source.log"} <= places

    # then none contains a secret
    contents = [(str(each.relative_to(folder)), each.read_bytes()) for each in files]
    assert holders([*contents, ("exports", str(worked.exports).encode())], secrets) == []


def test_the_logs_of_functions_and_jobs_hold_no_secret(worked, secrets):
    # given all that was logged
    logs = worked.client("logs")
    groups = [each["logGroupName"] for each in logs.get_paginator("describe_log_groups").paginate().search("logGroups")]
    said = [
        (group, event["message"].encode())
        for group in groups
        for event in logs.get_paginator("filter_log_events").paginate(logGroupName=group).search("events")
        if event
    ]
    assert {"collector", "receiver", "batcher"} <= {word for group, _ in said for word in re.split(r"[/-]", group)}

    # then none of it contains a secret
    assert holders(said, secrets) == []


def test_functions_and_jobs_are_configured_without_a_secret(worked, secrets):
    functions = worked.client("lambda").get_paginator("list_functions").paginate().search("Functions")
    jobs = worked.client("glue").get_paginator("get_jobs").paginate().search("Jobs")
    tasks = [worked.client("ecs").describe_task_definition(taskDefinition=worked.exports["extractionTask"])]
    configured = [str(each).encode() for each in (*functions, *jobs, *tasks)]
    assert len(configured) > len(tasks)
    assert holders([(each[:60], each) for each in configured], secrets) == []


def test_no_process_has_a_secret_on_its_command_line(platform, secrets):
    # given the platform's processes
    folder = str(platform.state_directory)
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    assert any(folder in line for line in lines)
    assert holders([(line[:60], line.encode()) for line in lines], secrets) == []


def test_the_objects_and_archives_of_the_lake_hold_no_secret(worked, platform, secrets):
    # given every object, and the archives from which functions and jobs run
    s3 = worked.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=worked.bucket)
    keys = [each["Key"] for each in pages.search("Contents") if not each["Key"].endswith(".gluewheels.zip")]
    assert [key for key in keys if key.startswith("code/") and key.endswith(".zip")]
    contents = [unpacked(key, s3.get_object(Bucket=worked.bucket, Key=key)["Body"].read()) for key in keys]
    built = platform.program / ".build"
    archives = [built / "functions.zip", *built.glob("*this-machine.zip")]
    assert len(archives) > 1
    packed = [unpacked(each.name, each.read_bytes()) for each in archives]

    # then none contains a secret
    assert holders((part for each in (*contents, *packed) for part in each), secrets) == []


def test_a_secret_that_is_logged_would_be_found(secrets):
    # given a line with a secret, and an archive with it
    name, parts = next(iter(secrets.items()))
    line = f'{{"message": "connecting with {min(parts)}"}}'.encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writing:
        writing.writestr("settings.py", line)

    # then
    assert holders([("log", line)], secrets) == [("log", name)]
    assert holders(unpacked("code.zip", archive.getvalue()), secrets) == [("code.zip/settings.py", name)]
