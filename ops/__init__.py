"""A person's commands on any stack, by its exports."""

import sys
from pathlib import Path

# `lake` lives under the source root platform/, which no install step puts on the path.
sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "platform"))
