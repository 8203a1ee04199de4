"""Text of an object that may be needed again: from memory, or from the object once it has left the memory."""

from typing import BinaryIO, NamedTuple, Self


class Place(NamedTuple):
    """The position of some text in the object."""

    stream: BinaryIO
    """The object, seekable."""
    offset: int
    """Position of the text's first byte."""


class Passage:
    """Consecutive bytes of an object's text. When pickled, it omits them if the object can provide them again.

    Args:
        content: the bytes.
        place: their position in the object; None if the object's own bytes differ, because of compression or encoding.
    """

    def __init__(self, content: bytes, place: Place | None) -> None:
        self._content: bytes | None = content
        self._place = place

    def piece(self, start: int, end: int) -> bytes:
        """Return some of the bytes. After unpickling they are read from the object, whose stream must not be in use."""
        if self._place is None or self._content is not None:
            return (self._content or b"")[start:end]
        self._place.stream.seek(self._place.offset + start)
        return self._place.stream.read(end - start)

    def __reduce__(self) -> tuple[object, ...]:
        return Passage.restored, (self._content if self._place is None else None, self._place)

    @classmethod
    def restored(cls, content: bytes | None, place: Place | None) -> Self:
        """The pickled state."""
        passage = cls(b"", place)
        passage._content = content
        return passage
