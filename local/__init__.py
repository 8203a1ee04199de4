"""The embedded AWS: emulator, the engine that deploys the program into it, stand-in sources and the demo."""

import sys
from pathlib import Path

# `dataplatform` lives under the source root platform/, which no install step puts on the path.
sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "platform"))
