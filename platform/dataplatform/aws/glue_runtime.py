"""The version of AWS Glue that the jobs run on, and what it brings: the only place that says so."""

from typing import Final

# docs.aws.amazon.com/glue/latest/dg/release-notes.html and migrating-version-51.html
GLUE_VERSION: Final = "5.1"
PYTHON: Final = "3.11"
SPARK: Final = "3.5.6"
ICEBERG: Final = "1.10.0"
ARCHITECTURE: Final = "x86_64"
