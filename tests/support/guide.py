"""docs/first-deploy.md as the rehearsal types it: the commands of each step, and the reasons for omissions."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.program import ROOT

GUIDE: Final = ROOT / "docs" / "first-deploy.md"
NOT_TYPED: Final = {
    r"make install": "the rehearsal runs in an environment that is installed",
    r"docker info": "no image is built in the emulator",
    r"gh |git push": "the rehearsal has no GitHub; it deploys under CI's roles itself",
    r"sed -i .*desiredCount": "the emulator runs no containers",
    r"dataplatform .*(collect|run|status)": "the demo servers and Glue's jobs do not run in the emulator",
}
"""Reasons, by the commands concerned."""


@dataclass(frozen=True)
class Command:
    """A line of the guide."""

    text: str

    @property
    def reason_not_to_type(self) -> str | None:
        """Why the rehearsal omits it; None if it is typed."""
        if self.text.startswith("aws ") and shutil.which("aws") is None:
            return "the AWS CLI is not installed on this machine"
        return next((reason for pattern, reason in NOT_TYPED.items() if re.match(pattern, self.text)), None)


def read_steps(guide: Path = GUIDE) -> dict[int, list[Command]]:
    """Return the commands of each numbered step, in order."""
    steps: dict[int, list[Command]] = {}
    for number, body in re.findall(r"^## (\d+)\. [^\n]+\n(.*?)(?=^## )", guide.read_text(), re.MULTILINE | re.DOTALL):
        blocks = re.findall(r"^```sh\n(.*?)^```$", body, re.MULTILINE | re.DOTALL)
        lines = "".join(blocks).replace("\\\n", " ").splitlines()
        steps[int(number)] = [Command(line) for line in lines if line]
    return steps


def heading(text: str) -> None:
    """Show which part of the guide is being typed."""
    print(f"\n{text}", flush=True)
