"""The family of the benchmarks' errors: catch the base class instead of a list."""


class BenchError(Exception):
    """A benchmark cannot run; the message names what it needs."""
