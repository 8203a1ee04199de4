"""The reports: each module beside this file declares one as `REPORT`; to add one, nothing else has to be changed."""

from collections.abc import Mapping
from typing import Final

from datasets import DATASETS
from processing.declaring.report import Report
from processing.registry.report_checks import find_reports

REPORTS: Final[Mapping[str, Report]] = find_reports(__name__, __path__, DATASETS)
"""Every declared report, by name."""
