"""Deploys the unchanged Pulumi program into the emulator, in this process.

The program runs against the Pulumi SDK's own mock monitor, subclassed so that each resource it registers is created
in the emulator with boto3. It is not the Pulumi engine: no provider schema, diff, preview, refresh or import. It
creates, updates function code, and starts afresh.

What holds:

- The program runs twice. The first run only decides, and touches nothing: a type without a handler, an input that its
  handler does not know, a changed or a removed resource is refused there, all of them at once. The second run creates.
  A resource that a program registers inside `apply`, on an output that is not known yet, is judged in the second run.
- A resource once created is left alone, unless what changed is a function's code, layers or environment, the content
  of a layer, or the content of an S3 object. Nothing is ever deleted.
- Everything that was created is in the state file as soon as it was created, so a run that failed is simply repeated.
- `protect`, `aliases`, `depends_on` and the like have no meaning here; transforms, hooks and `.get()` are refused.
"""

from emulation.pulumi_engine.deployment import Deployment, deploy
from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.settings import read_stack_configuration
from emulation.pulumi_engine.state import discard_state

__all__ = ["Deployment", "EngineError", "deploy", "discard_state", "read_stack_configuration"]
