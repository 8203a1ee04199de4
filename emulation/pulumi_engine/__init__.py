"""Deploys the unchanged Pulumi program into the emulator, by an embedded driver or by the real Pulumi engine.

- handlers: how each type is created, changed, read and deleted in the emulator, with boto3.
- lifecycle: what a step means, the same for both drivers. replacements: what AWS cannot change in place.
- provider, provider_server: the handlers by Pulumi's provider protocol. The real engine attaches to them.
- monitor, reconciliation, state, deployment: the embedded driver, which needs nothing but Pulumi's Python package.

The embedded driver runs the program against the SDK's own mock monitor, twice. The first run only decides, and touches
nothing: a type without a handler, an input that its handler does not know, and a protected resource that would be
replaced or deleted are refused there, all of them at once. A resource that a program registers inside `apply`, on an
output that is not known yet, is judged in the second run. Everything that was created is in the state file as soon as
it was created, so a run that failed is simply repeated. `aliases`, `deleted_with` and `replace_on_changes`
have no meaning here; transforms, hooks and `.get()` are refused.
"""

from emulation.pulumi_engine.deployment import Deployment, deploy
from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.packages import load_packages
from emulation.pulumi_engine.settings import read_stack_configuration
from emulation.pulumi_engine.state import discard_state

__all__ = ["Deployment", "EngineError", "deploy", "discard_state", "load_packages", "read_stack_configuration"]
