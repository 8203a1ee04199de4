"""The base class of the lake's errors."""


class LakeError(Exception):
    """A name, record or claim is not valid in the lake; the message states what is expected."""
