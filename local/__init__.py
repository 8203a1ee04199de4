"""The platform on this machine: its commands, the demo, and the container images of the servers."""

import sys
from pathlib import Path

# `dataplatform` is a package under the source root platform/, which no install step adds to the path.
sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "platform"))
