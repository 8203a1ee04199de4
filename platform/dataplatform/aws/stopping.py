"""Options of the resources that `dataplatform sources stop` changes at AWS."""

from collections.abc import Sequence

import pulumi


def leave_as_stopped(inputs: Sequence[str], decided_by: pulumi.Input[str]) -> pulumi.ResourceOptions:
    """Return options with which neither `pulumi up` nor the drift check undoes `sources stop`.

    A changed setting is still applied. The engine then replaces the resource, and a replacement does not ignore inputs.

    Args:
        inputs: the inputs that the command changes.
        decided_by: what the program derives these inputs from. Another value replaces the resource.
    """
    # Deleted first: a second resource of the same name cannot be created.
    return pulumi.ResourceOptions(
        ignore_changes=list(inputs), replacement_trigger=decided_by, delete_before_replace=True
    )
