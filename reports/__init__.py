"""The reports. Each module in this folder declares one as `REPORT`; adding a report needs no other change."""

from typing import Final

from datasets import DATASETS
from processing.declaring.report import Report
from processing.registry.registry import Declarations
from processing.registry.report_checks import find_reports

REPORTS: Final[Declarations[Report]] = find_reports(__name__, __path__, DATASETS)
"""Every declared report, by name. Reading a report imports its file."""
