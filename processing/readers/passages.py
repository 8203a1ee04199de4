"""Text of an object that may be wanted once more: from memory, or from the object when it is gone from there."""

from typing import BinaryIO, NamedTuple, Self


class Place(NamedTuple):
    """Where some text stands as it is."""

    stream: BinaryIO
    """The object, seekable."""
    offset: int
    """Of the text's first byte."""


class Passage:
    """Some successive bytes of an object's text. Pickled, it leaves them out if the object can give them again.

    Args:
        content: the bytes.
        place: where the object has them; None if it has others there, because of its compression or its encoding.
    """

    def __init__(self, content: bytes, place: Place | None) -> None:
        self._content: bytes | None = content
        self._length = len(content)
        self._place = place

    def content(self) -> bytes:
        """The bytes. After pickling they are read from the object, whose stream nothing else may be reading then."""
        if self._place is None or self._content is not None:
            return self._content or b""
        self._place.stream.seek(self._place.offset)
        return self._place.stream.read(self._length)

    def __reduce__(self) -> tuple[object, ...]:
        return Passage.restored, (self._content if self._place is None else None, self._length, self._place)

    @classmethod
    def restored(cls, content: bytes | None, length: int, place: Place | None) -> Self:
        """What was pickled."""
        passage = cls(content or b"", place)
        passage._content, passage._length = content, length
        return passage
