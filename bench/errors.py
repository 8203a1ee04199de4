"""The family of the benchmarks' errors: catch the base class instead of a list."""


class BenchError(Exception):
    """A benchmark could not run; the message says what it needs."""
