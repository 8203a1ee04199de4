"""Changes deployed functions for a test: temporary configuration, or a kill in the middle."""

import contextlib

from local.platform_instance import PATIENCE


@contextlib.contextmanager
def changed_function(target, name, **changes):
    """Change some of a deployed function's configuration until the block ends."""
    functions = target.client("lambda")
    before = functions.get_function_configuration(FunctionName=name)
    functions.update_function_configuration(FunctionName=name, **changes)
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, **{each: before[each] for each in changes})


def time_limit(seconds):
    """Return the configuration with which a function on the local platform may run for some `seconds`, at least 10."""
    return {"Timeout": max(1, seconds // PATIENCE)}


def kill_function(platform, name):
    """Kill -9 a running function and its workers."""
    family = [
        process
        for process in platform.emulator.process._find().children(recursive=True)
        if f"ministack-lambda-{name}-" in " ".join(process.cmdline())
    ]
    assert family, f"{name} is not running"
    for process in family:
        process.kill()
