"""The permissions boundary of every role that the program makes."""

import pulumi


def bound_every_role(boundary_arn: pulumi.Input[str]) -> None:
    """Give each role that is made from here on the boundary.

    In one place rather than in each component: the deploy role makes no role without this very boundary, and none may
    be forgotten.
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
