"""Datasets are found by walking their package, on disk and inside the archive that Glue loads."""

import os
import subprocess
import sys
import uuid
import zipfile
from datetime import timedelta
from pathlib import Path

import dataframely as dy
import pytest

from datasets import DATASETS
from processing.registry.dataset_checks import find_datasets
from processing.registry.declaration_file import DeclarationError
from processing.registry.registry import refuse_broken
from tests.support.program import program_folder

ROOT = Path(__file__).parents[4]

DECLARATION = """
from datetime import timedelta
import dataframely as dy
from processing.declaring.dataset import CsvFormat, Dataset, SftpSource, SqlSource, StreamSource
from processing.cleansing.routines import TRIM

class Rows(dy.Schema):
    {columns}

DATASET = Dataset(
    name="{name}", schema=Rows, source={source}, owner="logistics",
    freshness=timedelta(hours=1), cleansing={cleansing},
)
"""
KEY = "key = dy.String(primary_key=True)"


FILES = 'SftpSource("carrier", "outgoing", "*.csv", schedule="rate(1 day)")'


def declaration(name: str, columns: str = KEY, cleansing: str = "{}", source: str = FILES) -> str:
    return DECLARATION.format(name=name, columns=columns, cleansing=cleansing, source=source)


def table(arguments: str) -> str:
    """A declaration that comes from a table."""
    return declaration(
        "members",
        f"{KEY}; at = dy.Date(); number = dy.Int64()",
        source=f'SqlSource("office", "dbo", "members", {arguments}, schedule="rate(1 day)")',
    )


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Makes a package of the given modules and gives its name and path; no two have one name."""
    name = f"declared_{uuid.uuid4().hex}"
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(**modules: str) -> tuple[str, list[str]]:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").touch()
        for module, text in modules.items():
            (folder / f"{module}.py").write_text(text)
        return name, [str(folder)]

    return make


@pytest.fixture
def archive(tmp_path):
    """The jobs' code as Glue gets it: one zip with the packages at its root."""
    path = tmp_path / "jobs.zip"
    with zipfile.ZipFile(path, "w") as code:
        for package in ("jobs", "processing", "datasets", "reports", "lake"):
            for file in sorted((program_folder() / package).rglob("*.py")):
                code.write(file, file.relative_to(program_folder()))
    return path


def run_from_archive(archive: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(archive)}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=archive.parent, capture_output=True, text=True, check=False
    )


def test_parcels_are_declared_as_the_carrier_sends_them():
    # given
    parcels = DATASETS["parcels"]

    # then
    assert parcels.schema.column_names() == ["member_id", "town", "size", "label"]
    assert parcels.schema.primary_key() == ["label"]
    assert (parcels.source.connection, parcels.source.directory) == ("carrier", "outgoing/parcels")
    assert parcels.source.pattern == "*.csv"
    assert (parcels.owner, parcels.freshness) == ("logistics", timedelta(hours=26))


def test_every_dataset_stands_under_its_own_name():
    assert all(name == dataset.name for name, dataset in DATASETS.items())


def test_the_datasets_cannot_be_changed_by_whoever_reads_them():
    with pytest.raises(TypeError):
        DATASETS["other"] = DATASETS["parcels"]  # pyright: ignore[reportIndexIssue] - the point of the test


def test_a_new_module_is_a_new_dataset_without_any_other_change(package):
    # given
    name, path = package(members=declaration("members"), events=declaration("events"), _helper="nothing = 1")

    # when
    datasets = find_datasets(name, path)

    # then
    assert list(datasets) == ["events", "members"]
    assert issubclass(datasets["members"].schema, dy.Schema)


@pytest.mark.parametrize(
    ("module", "text", "message"),
    [
        ("members", "nothing = 1", r"\w+/members\.py: does not declare a Dataset; add a line `DATASET = Dataset"),
        ("members", "DATASET = 'members'", r"\w+/members\.py: does not declare a Dataset"),
        ("members", declaration("people"), r"rename the file to people\.py or the declaration to 'members'"),
        ("Members", declaration("Members"), r"'Members' is not a valid name"),
        ("members", declaration("members", "key = dy.String()"), r"schema Rows does not have a primary key"),
        ("members", declaration("members", f"{KEY}; _line = dy.Int64()"), r"\['_line'\] start with an underscore"),
        (
            "members",
            declaration("members", f"{KEY}; gone = dy.Bool(alias='_deleted')"),
            r"\['_deleted'\] start with an underscore",
        ),
        ("members", table('"full", answer_within=timedelta(milliseconds=1)'), r"answer_within 0:00:00\.001000 is less"),
        ("members", declaration("members", KEY, "{'nme': (TRIM,)}"), r"cleansing names columns \['nme'\]"),
        ("members", declaration("members", f"{KEY}; at = dy.Time()"), r"column at has the type Time"),
        (
            "members",
            declaration("members", source=FILES.replace("rate(1 day)", "0 5 * * *")),
            "is not a schedule, such",
        ),
        ("members", table('"full"').replace("rate(1 day)", "cron(0 5 * * *)"), "cron has six fields"),
        (
            "members",
            declaration("members", f"{KEY}; size = dy.UInt64()"),
            "column size has the type UInt64, which a pub",
        ),
        ("snapshots", declaration("snapshots"), "cannot be named 'snapshots', because query engines would read"),
        ("p" * 52, declaration("p" * 52), "is too long for its schedule; use at most 51 characters"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_module_and_what_to_do(package, module, text, message):
    # given
    name, path = package(**{module: text})

    # when, then
    with pytest.raises(DeclarationError, match=message):
        refuse_broken(find_datasets(name, path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('csv=CsvFormat(delimiter=";;")', "the delimiter ';;' of its CsvFormat is not one ASCII character"),
        ('csv=CsvFormat(delimiter="x")', "the delimiter 'x' of its CsvFormat is not one ASCII character"),
        ('csv=CsvFormat(quote="\\n")', r"the quote '\\n' of its CsvFormat is not one ASCII character"),
        ('csv=CsvFormat(quote=";")', "the quote ';' of its CsvFormat is also a delimiter"),
        ('csv=CsvFormat(delimiter="#", quote="#")', "the quote '#' of its CsvFormat is also a delimiter"),
        ('csv=CsvFormat(encoding="utf-7")', r"csv.encoding is 'utf-7', expected one of 'utf-8', 'utf-16-le'"),
        ('drift="ignore"', "drift is 'ignore', expected one of 'evolve', 'freeze', 'discard' or None"),
    ],
)
def test_a_wrong_format_or_drift_is_refused_with_what_to_do(package, arguments, message):
    # given
    text = declaration("members").replace("freshness=", f"{arguments}, freshness=")
    name, path = package(members=text)

    # when, then
    with pytest.raises(DeclarationError, match=rf"\w+/members\.py: {message}"):
        refuse_broken(find_datasets(name, path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('"incremental"', "an incremental table needs a watermark"),
        ('"full", "at"', "watermark and lag do not apply to a full table"),
        ('"snapshot", lag=timedelta(1)', "watermark and lag do not apply to a snapshot table"),
        ('"incremental", "at", timedelta(-1)', "the lag .* is negative"),
        ('"incremental", "number", timedelta(1)', "'number' is declared as Int64, to which a lag does not apply"),
        ('"incremental", "at", timedelta(hours=1)', "the watermark 'at' is a date, so its lag has to be whole days"),
        ('"full", partitions=2', "2 partitions need a partition_column"),
        ('"incremental", "when"', r"the source names columns \['when'\], which the schema does not have"),
    ],
)
def test_a_wrong_table_is_refused_with_what_to_do(package, arguments, message):
    # given
    name, path = package(members=table(arguments))

    # when, then
    with pytest.raises(DeclarationError, match=rf"\w+/members\.py: .*{message}"):
        refuse_broken(find_datasets(name, path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('clustered_by="when"', r"clustered_by names 'when', which the schema does not have"),
        ('clustered_by="number"', "clustered_by names 'number', which is Int64; name a Date or a Datetime"),
        ('clustered_by="late"', "clustered_by names 'late', which is nullable, but every row needs a time"),
        ('clustered_by="at", look_back=timedelta(hours=36)', "look_back 1 day, 12:00:00 is not a whole number of days"),
        ('clustered_by="at", look_back=timedelta(0)', "look_back 0:00:00 is not a whole number of days, at least 1"),
        ("look_back=timedelta(1)", "look_back is declared without clustered_by"),
    ],
)
def test_a_wrong_clustering_is_refused_with_what_to_do(package, arguments, message):
    # given
    columns = f"{KEY}; at = dy.Date(); late = dy.Date(nullable=True); number = dy.Int64()"
    text = declaration("members", columns).replace("freshness=", f"{arguments}, freshness=")
    name, path = package(members=text)

    # when, then
    with pytest.raises(DeclarationError, match=rf"\w+/members\.py: {message}"):
        refuse_broken(find_datasets(name, path))


@pytest.mark.parametrize(
    ("module", "policy"),
    [
        (declaration("members"), "freeze"),
        (table('"full"'), "discard"),
        (declaration("members").replace("freshness=", 'drift="evolve", freshness='), "evolve"),
    ],
)
def test_new_columns_stop_a_file_and_not_a_table_unless_the_declaration_says_otherwise(package, module, policy):
    # given
    name, path = package(members=module)

    # then
    assert find_datasets(name, path)["members"].drift_policy == policy


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('source=StreamSource({"kex": "/key"})', r"pointers names columns \['kex'\], which the schema does not have"),
        ('source=StreamSource({"key": "key"})', "the pointer of column key: 'key' is not a JSON pointer"),
        (
            'source=StreamSource(repeats_differ_in=("kex",))',
            r"repeats_differ_in names columns \['kex'\], which the schema does not have",
        ),
        (
            'source=StreamSource(receipt_order=("kex",))',
            r"receipt_order names columns \['kex'\], which the schema does not have",
        ),
        ('absent={"kex": "none"}', r"absent names \['kex'\], which are not text columns of the schema"),
        ('cleansing={"key": (EMAIL, EMAIL)}', r"cleansing of column key: \['email'\] name more than one routine"),
        ('cleansing={"key": (value_map({"a": "b"}, name="regex"),)}', r"routines are named \['regex'\], like rules"),
    ],
)
def test_wrong_pointers_and_routines_are_refused_with_what_to_do(package, arguments, message):
    # given
    name, path = package(
        members=f"""
from datetime import timedelta
import dataframely as dy
from processing.declaring.dataset import Dataset, StreamSource
from processing.cleansing.routines import EMAIL, value_map

class Rows(dy.Schema):
    {KEY}

ARGUMENTS = {{"source": StreamSource(), **dict({arguments})}}
DATASET = Dataset(name="members", schema=Rows, owner="logistics", freshness=timedelta(hours=1), **ARGUMENTS)
"""
    )

    # when, then
    with pytest.raises(DeclarationError, match=rf"\w+/members\.py: .*{message}"):
        refuse_broken(find_datasets(name, path))


def test_a_table_may_be_divided_by_one_of_its_columns(package):
    # given
    name, path = package(members=table('"incremental", "at", timedelta(1), partition_column="key", partitions=4'))

    # then
    assert find_datasets(name, path)["members"].source.partitions == 4


def test_a_name_that_two_modules_declare_is_refused(package):
    # given
    name, path = package(members=declaration("members"), staff=declaration("members"))

    # when, then
    with pytest.raises(DeclarationError, match=r"staff\.py: declares 'members', which members\.py also declares"):
        refuse_broken(find_datasets(name, path))


def test_name_of_another_datasets_deleted_rows_is_refused(package):
    # given
    name, path = package(members=declaration("members"), members_deleted=declaration("members_deleted"))

    # when, then
    with pytest.raises(DeclarationError, match=r"^\w+/members_deleted\.py: .* of deleted rows of 'members'"):
        refuse_broken(find_datasets(name, path))


def test_the_datasets_and_reports_are_found_inside_a_zip_archive(archive):
    from reports import REPORTS

    # when
    result = run_from_archive(
        archive,
        "-c",
        "import jobs; from datasets import DATASETS; from reports import REPORTS;"
        "print(jobs.__file__, *DATASETS, *REPORTS)",
    )

    # then
    location, *names = result.stdout.split()
    assert location.startswith(str(archive))
    assert set(names) == {*DATASETS, *REPORTS}


@pytest.mark.parametrize("job", ["warehouse", "mart"])
def test_a_job_script_alone_finds_the_rest_in_the_archive(archive, job):
    # given the one file that Glue runs, under the name that it has in the bucket
    script = archive.parent / f"{job}.py"
    script.write_text((ROOT / "jobs" / job / "__main__.py").read_text())

    # when
    result = run_from_archive(archive, str(script), "--JOB_NAME", "x")

    # then it has come as far as its own arguments
    assert result.returncode == 2
    assert "the following arguments are required: --bucket" in result.stderr
