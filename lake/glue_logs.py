"""The two log groups of a Glue 5 job. Their common prefix is one of the job's arguments.

docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html
"""

from collections.abc import Mapping
from typing import Final

PREFIX_ARGUMENT: Final = "--custom-logGroup-prefix"
"""The job argument with the prefix. Glue 5 ignores --continuous-log-logGroup, which older versions use."""
OUTPUT: Final = "output"
"""Last part of the name of the group that holds the job's printed output."""
ERROR: Final = "error"
"""Last part of the name of the group that holds the logs of Glue and Spark."""
GROUPS: Final = (OUTPUT, ERROR)


def log_group(arguments: Mapping[str, str], kind: str) -> str:
    """Return the name of a job's log group.

    Args:
        arguments: the job's default arguments, as deployed.
        kind: OUTPUT or ERROR.

    Raises:
        KeyError: The job's arguments do not include the prefix.
    """
    return f"{arguments[PREFIX_ARGUMENT]}/{kind}"
