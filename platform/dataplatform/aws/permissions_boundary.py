"""Gives every role that the program creates the permissions boundary."""

import pulumi


def bound_every_role(boundary_arn: pulumi.Input[str]) -> None:
    """Give each role that is created from now on the boundary.

    This is in one place instead of in each component, because the deploy role cannot create a role without this
    boundary, and none may be forgotten.

    It does not reach roles within a component of another package (`register_resource_transform` would). The program has
    no such component, and the local engine refuses them.
    """

    def bound(resource: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if resource.type_ != "aws:iam/role:Role":
            return None
        return pulumi.ResourceTransformationResult(
            {**resource.props, "permissions_boundary": boundary_arn}, resource.opts
        )

    pulumi.runtime.register_stack_transformation(bound)
