"""The people and CI roles that type docs/first-deploy.md in the rehearsal, with their rights."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from emulation.pulumi_engine.handlers import NOT_READ
from init.ci_policies import deploy_policies, deploy_subjects, preview_policies, preview_subjects
from init.names import Names
from tests.support.cloud_account import ACCOUNT, CloudAccount
from tests.support.emulators import REGION
from tests.support.guide import Command
from tests.support.shell import Shell, Typed
from tests.support.unjudged_rights import BY_ACTION_ALONE, allow_unjudged

ADMIN: Final = "acme-admin"
"""The guide's profile."""
NAMES: Final = Names("acme-data-platform-state", REGION, ACCOUNT, "acme/data-platform")
"""The guide's bucket and region."""


@dataclass
class Rehearsal:
    """A person's shell in a checkout, and the account that the commands reach."""

    account: CloudAccount
    shell: Shell
    steps: Mapping[int, list[Command]]
    typed: set[str] = field(default_factory=set[str])
    """Commands of the guide that were typed, or omitted for a reason."""

    def follow(self, step: int, only: str = ".*", **variables: str) -> str:
        """Type the commands of a step of the guide, or only those that match a pattern; return their output."""
        output = []
        commands = [each for each in self.steps[step] if re.fullmatch(only, each.text)]
        assert commands, f"step {step} has no command {only!r}"
        for command in commands:
            self.typed.add(command.text)
            if reason := command.reason_not_to_type:
                print(f"    skipped  {command.text}    ({reason})", flush=True)
            else:
                output.append(self.shell.must(command.text, **variables))
        return "".join(output)

    def deploys(self, stack: str) -> dict[str, str]:
        """Return the variables of a command that CI's deploy role runs."""
        return self._as_role(f"ci-deploy-{stack}", NAMES.deploy_role(stack), deploy_subjects(stack)[0])

    def previews(self, stack: str) -> dict[str, str]:
        """Return the variables of a command that CI's preview role runs, as for the nightly comparison."""
        return self._as_role(f"ci-preview-{stack}", NAMES.preview_role(stack), preview_subjects(stack)[-1])

    def compare(self, stack: str) -> Typed:
        """Make the guide's comparison of account and program, as CI's preview role."""
        [command] = [each.text for each in self.steps[5] if "--expect-no-changes" in each.text]
        return self.shell.type(command.replace("--stack dev", f"--stack {stack}"), **self.previews(stack))

    def resource_types(self, stack: str) -> set[str]:
        """Return the types of a stack's resources, and show which of them the emulator supports less."""
        state = json.loads(self.shell.must(f"pulumi stack export --stack {stack}"))
        types = {each["type"] for each in state["deployment"]["resources"] if each["custom"]}
        recorded = sorted(each for each in types if each.startswith("docker:"))
        unread = sorted(each.split(":")[1] for each in types & {*NOT_READ})
        print(f"    recorded in the state only, since nothing is built: {', '.join(recorded)}")
        print(f"    not read by a comparison, so that the state counts: {', '.join(unread)}")
        return types

    def exports(self, stack: str) -> dict[str, Any]:
        """Return the stack's outputs."""
        return json.loads(self.shell.must(f"pulumi stack output --json --stack {stack}"))

    def changes(self, stack: str) -> dict[str, int]:
        """Return what the stack's last deployment did, by kind."""
        history = self.shell.must(f"pulumi stack history --stack {stack} --json --page-size 1")
        found: dict[str, int] = json.loads(history)[0].get("resourceChanges", {})
        return found

    def let_emulator_judge(self, stack: str) -> None:
        """Allow CI's roles what the emulator's evaluator cannot judge, and show what it judges like AWS."""
        keys = ["the state's key", "the secrets' key"]
        for role, policies in (
            (NAMES.deploy_role(stack), deploy_policies(NAMES, stack, *keys)),
            (NAMES.preview_role(stack), preview_policies(NAMES, stack, *keys)),
        ):
            judged = allow_unjudged(self.account.client("iam"), role, policies)
            print(f"    {role}: judged with resources and conditions: {', '.join(judged)}", flush=True)
        print(f"    by the action alone, since the emulator knows no more: {', '.join(sorted(BY_ACTION_ALONE))}")

    def _as_role(self, profile: str, role: str, subject: str) -> dict[str, str]:
        self.account.add_workflow(profile, NAMES, role, subject)
        return {"AWS_PROFILE": profile}
