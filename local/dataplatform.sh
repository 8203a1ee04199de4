#!/bin/sh
# `dataplatform`: the platform's commands, from any folder. `make` copies this file into .venv/bin.
script=$0
if [ -L "$script" ]; then script=$(readlink -f "$script"); fi
clone=$(CDPATH='' cd -- "$(dirname -- "$script")/../.." && pwd)
# -P: do not import from the current folder.
exec "$clone/.venv/bin/python" -P -c '
import sys
sys.path.insert(0, sys.argv.pop(1))
from local.entry import main
main()
' "$clone" "$@"
