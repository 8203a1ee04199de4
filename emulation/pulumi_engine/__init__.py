"""Deploys the unchanged Pulumi program into the emulator, with an embedded driver or the real Pulumi engine.

- handlers: create, change, read and delete each type in the emulator, with boto3.
- lifecycle: the meaning of each step, shared by both drivers. replacements: what AWS cannot change in place.
- provider, provider_server: the handlers behind Pulumi's provider protocol. The real engine attaches to them.
- monitor, reconciliation, state, deployment: the embedded driver, which only needs Pulumi's Python package.

The embedded driver runs the program twice against the SDK's own mock monitor. The first run only plans: it refuses
types without a handler, inputs that a handler does not know, and replacing or deleting protected resources, and it
reports all of these at once. Resources that a program registers inside `apply`, on an output that is not known yet, are
checked in the second run. The state file records each resource as soon as it was created, so a failed run can be
repeated. `aliases`, `deleted_with` and `replace_on_changes` are ignored; transforms, hooks and `.get()` are refused.
"""

from emulation.pulumi_engine.deployment import Deployment, deploy
from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.packages import load_packages
from emulation.pulumi_engine.settings import read_stack_configuration
from emulation.pulumi_engine.state import discard_state

__all__ = ["Deployment", "EngineError", "deploy", "discard_state", "load_packages", "read_stack_configuration"]
