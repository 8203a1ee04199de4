"""The embedded AWS with a record of its IAM decisions about roles: who requested what, and whether it was allowed.

`DATA_PLATFORM_DECISIONS=FILE dataplatform up` starts this emulator. The proof of the policies reads the file.
"""

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ministack.core import iam_evaluator

from emulation.aws.emulator import DECISIONS_VARIABLE
from emulation.aws.server import serve


class _Recorder:
    """Replaces the emulator's own `enforce`, and writes each distinct decision once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self._enforce = iam_evaluator.enforce
        self._resolve = iam_evaluator.resolve_principal

    def __call__(
        self,
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - the emulator's own result
        refusal = self._enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        principal = self._resolve(access_key_id, resource_arn.split(":")[4] if resource_arn.count(":") > 4 else "")  # noqa: PLR2004 - the parts of an ARN
        arn = getattr(principal, "arn", "")
        if ":assumed-role/" in arn:
            self._write(
                {
                    "role": arn.split("/")[1],
                    "action": iam_action,
                    "resource": resource_arn,
                    "keys": _readable(service_context or {}),
                    "allowed": refusal is None,
                }
            )
        return refusal

    def _write(self, decision: Mapping[str, Any]) -> None:
        line = json.dumps(decision, sort_keys=True)
        with self._lock:
            if line not in self._seen:
                self._seen.add(line)
                with self._file.open("a", encoding="utf-8") as file:
                    file.write(f"{line}\n")


def _readable(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in keys.items() if isinstance(value, str | list)}


if __name__ == "__main__":
    iam_evaluator.enforce = _Recorder(Path(os.environ[DECISIONS_VARIABLE]))
    serve()
