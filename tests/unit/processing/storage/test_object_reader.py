"""Reading an object by ranges: its requests, its memory, and failures midway."""

import io
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError, IncompleteReadError

from processing.storage import object_reader
from processing.storage.object_reader import ObjectChangedError
from processing.storage.store import S3Store

LANDED_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Body(io.BytesIO):
    """An answer whose body breaks off the given number of times."""

    def __init__(self, content: bytes, faults: list[int]) -> None:
        super().__init__(content)
        self._faults = faults

    def read(self, size: int | None = -1, /) -> bytes:
        if self._faults:
            raise IncompleteReadError(actual_bytes=self._faults.pop(), expected_bytes=9)
        return super().read(size)


class Client:
    """S3 as a reader sees it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.tag = '"1"'
        self.ranges: list[str] = []
        self.faults: list[int] = []

    def get_object(self, *, Bucket: str, Key: str, Range: str, IfMatch: str | None = None):  # noqa: N803 - S3's names
        assert (Bucket, Key) == ("lake", "a")
        self.ranges.append(Range)
        if IfMatch not in {None, self.tag}:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "GetObject")
        if not self.content:
            raise ClientError({"Error": {"Code": "InvalidRange"}}, "GetObject")
        start, end = map(int, Range.removeprefix("bytes=").split("-"))
        part = self.content[start : end + 1]
        return {
            "Body": Body(part, self.faults),
            "ContentRange": f"bytes {start}-{start + len(part) - 1}/{len(self.content)}",
            "LastModified": LANDED_AT,
            "Metadata": {},
            "ETag": self.tag,
        }

    def head_object(self, **_: str):
        return {"LastModified": LANDED_AT, "Metadata": {}, "ETag": self.tag}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(object_reader, "PART_BYTES", 10)


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 95, 100])
def test_object_of_any_size_is_read_whole_with_its_put_time(size):
    # given
    client = Client(bytes(range(size)))

    # when
    with S3Store(client, "lake").open("a") as opened:
        content = opened.stream.read()

    # then
    assert content == client.content
    assert (opened.size, opened.landed_at) == (size, LANDED_AT)


def test_each_range_is_asked_for_once():
    # given
    client = Client(bytes(35))

    # when
    with S3Store(client, "lake").open("a") as opened:
        while opened.stream.read(3):
            pass

    # then
    assert client.ranges == ["bytes=0-9", "bytes=10-19", "bytes=20-29", "bytes=30-39"]


def test_any_place_can_be_read():
    # given
    client = Client(bytes(range(95)))

    # when
    with S3Store(client, "lake").open("a") as opened:
        opened.stream.seek(-5, io.SEEK_END)
        end = opened.stream.read()
        opened.stream.seek(7)
        middle = opened.stream.read(30)

    # then
    assert (middle, end) == (client.content[7:37], client.content[-5:])


def test_an_answer_that_breaks_off_is_asked_for_again():
    # given
    client = Client(bytes(range(25)))
    client.faults = [1, 2, 3]

    # when, then
    with S3Store(client, "lake").open("a") as opened:
        assert opened.stream.read() == client.content


def test_truncated_answers_are_an_error_not_a_short_object():
    # given
    client = Client(bytes(25))
    with S3Store(client, "lake").open("a") as opened:
        client.faults = [1] * 20

        # when, then
        with pytest.raises(IncompleteReadError):
            opened.stream.read()


def test_object_replaced_while_read_is_never_mixed():
    # given
    client = Client(bytes(45))
    with S3Store(client, "lake").open("a") as opened:
        opened.stream.read(12)
        client.tag = '"2"'

        # when, then
        with pytest.raises(ObjectChangedError, match="a was replaced while it was read"):
            opened.stream.read()
