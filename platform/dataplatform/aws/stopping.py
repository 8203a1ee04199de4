"""Options for resources that `dataplatform sources stop` changes in AWS."""

from collections.abc import Sequence

import pulumi


def leave_as_stopped(inputs: Sequence[str], decided_by: pulumi.Input[str]) -> pulumi.ResourceOptions:
    """Return options that stop `pulumi up` and the drift check from undoing `sources stop`.

    A changed setting is still applied: the engine then replaces the resource, and a replacement does not ignore inputs.

    Args:
        inputs: the inputs that the command changes.
        decided_by: the value from which the program derives these inputs. Another value replaces the resource.
    """
    # Delete first: two resources cannot have the same name.
    return pulumi.ResourceOptions(
        ignore_changes=list(inputs), replacement_trigger=decided_by, delete_before_replace=True
    )
