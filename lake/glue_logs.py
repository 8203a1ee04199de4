"""Where Glue 5 writes the log of a job's runs: two log groups whose common prefix the job's arguments name.

docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
"""

from collections.abc import Mapping
from typing import Final

PREFIX_ARGUMENT: Final = "--custom-logGroup-prefix"
"""A job's argument. Glue 5 ignores --continuous-log-logGroup, by which older versions name one group."""
OUTPUT: Final = "output"
"""Last part of the name of the group that has what a job prints."""
ERROR: Final = "error"
"""Last part of the name of the group that has what Glue and Spark log of a run."""
GROUPS: Final = (OUTPUT, ERROR)


def log_group(arguments: Mapping[str, str], kind: str) -> str:
    """Name of a job's log group.

    Args:
        arguments: the job's default arguments, as deployed.
        kind: OUTPUT or ERROR.

    Raises:
        KeyError: the job names no prefix.
    """
    return f"{arguments[PREFIX_ARGUMENT]}/{kind}"
