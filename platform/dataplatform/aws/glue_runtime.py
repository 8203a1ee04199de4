"""The only place that defines the jobs' version of AWS Glue and the versions of the software in it."""

from typing import Final

# docs.aws.amazon.com/glue/latest/dg/release-notes.html and migrating-version-51.html
GLUE_VERSION: Final = "5.1"
PYTHON: Final = "3.11"
SPARK: Final = "3.5.6"
ICEBERG: Final = "1.10.0"
ARCHITECTURE: Final = "x86_64"
