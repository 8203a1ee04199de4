"""Several readers at once, each in a thread: the driver lets go of the interpreter while it waits and converts."""

import queue
import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, TypeVar

ThingT = TypeVar("ThingT")
_POLL_SECONDS: Final = 0.2


class _Finished:
    """Handed over by a reader that has no more."""


class _Handover(Generic[ThingT]):
    """A queue with little room that nobody waits at once reading has stopped."""

    def __init__(self, room: int) -> None:
        self._queue: queue.Queue[ThingT | BaseException | _Finished] = queue.Queue(maxsize=room)
        self._stopped = threading.Event()

    def drain(self, reader: Iterator[ThingT]) -> None:
        """Hand over all that a reader gives, and the error that ends it."""
        try:
            for thing in reader:
                if not self._put(thing):
                    return
        # A reader's panic is not an Exception. Without it here, the other side would wait for ever.
        except BaseException as error:  # noqa: BLE001 - raised again where the things are read
            self._put(error)
        else:
            self._put(_Finished())

    def take(self) -> ThingT | BaseException | _Finished:
        """The next thing."""
        return self._queue.get()

    def stop(self) -> None:
        """Take no more."""
        self._stopped.set()

    def _put(self, thing: ThingT | BaseException | _Finished) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(thing, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False


def side_by_side(readers: Sequence[Iterator[ThingT]]) -> Generator[ThingT]:
    """What several readers give, in any order. The first error of one ends them all, and is raised."""
    handover = _Handover[ThingT](len(readers))
    with ThreadPoolExecutor(len(readers)) as pool:
        for reader in readers:
            pool.submit(handover.drain, reader)
        unfinished = len(readers)
        try:
            while unfinished:
                thing = handover.take()
                if isinstance(thing, BaseException):
                    raise thing
                if isinstance(thing, _Finished):
                    unfinished -= 1
                else:
                    yield thing
        finally:
            handover.stop()
