"""The reports of the platform's tests, for two teams."""

from typing import Final

from datasets import DATASETS
from processing.declaring.report import Report
from processing.registry.registry import Declarations
from processing.registry.report_checks import find_reports

REPORTS: Final[Declarations[Report]] = find_reports(__name__, __path__, DATASETS)
"""Every report of the tests, by name."""
