"""Checks a file that a person gives to the demo, before it is put where every later demo would meet it."""

from fnmatch import fnmatchcase
from pathlib import Path

from lake.keys import InvalidKeyError, check_file_name
from local.errors import LocalError
from processing.declaring.dataset import Dataset, SftpSource
from processing.readers import open_records
from processing.readers.records import UnreadableObjectError


class UnsuitableFileError(LocalError):
    """The file cannot become rows of the dataset; the message says what is wrong and what was expected."""


def check_own_file(file: Path, dataset: Dataset, source: SftpSource) -> None:
    """Check that the platform would take a file and find rows in it. What is in the rows is the rules' business.

    Args:
        file: the person's file.
        dataset: what it is to be rows of.
        source: where the dataset's files are put.

    Raises:
        UnsuitableFileError: it would not be collected, or could not be read.
        OSError: it may not be read by this user.
    """
    columns = dataset.schema.column_names()
    if problem := _problem_of_name(file, source.pattern) or _problem_of_content(file, dataset):
        raise UnsuitableFileError(
            f"{file} cannot be used as a file of {dataset.name}: {problem}\nExpected: a regular UTF-8 file "
            f"with a name like {source.pattern}, a header with the columns {', '.join(columns)} in any order, "
            "and rows below it. Nothing was put on the SFTP server."
        )


def _problem_of_name(file: Path, pattern: str) -> str | None:
    if not file.exists():
        return "it does not exist"
    if not file.is_file():
        return "it is not a regular file"
    if not fnmatchcase(file.name, pattern):
        return f"its name does not match {pattern}, so it would never be collected"
    try:
        check_file_name(file.name)
    except InvalidKeyError as error:
        return str(error)
    return None


def _problem_of_content(file: Path, dataset: Dataset) -> str | None:
    if not file.stat().st_size:
        return "it is empty"
    with file.open("rb") as content:
        try:
            rows = sum(batch.frame.height for batch in open_records(file.name, content, dataset).batches)
        except UnreadableObjectError as error:
            return str(error)
    return None if rows else "it does not have rows"
