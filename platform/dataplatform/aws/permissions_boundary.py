"""The permissions boundary of every role that the program makes."""

import pulumi


def bound_every_role(boundary_arn: pulumi.Input[str]) -> None:
    """Give each role the boundary that has none of its own, those made from here on.

    In one place rather than in each component: the deploy role may make no role without, and none may be forgotten.
    It does not reach roles within a component of another package (`register_resource_transform` would). The program has
    no such component, and the local engine refuses them.
    """

    def bound(resource: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if resource.type_ != "aws:iam/role:Role" or resource.props.get("permissions_boundary") is not None:
            return None
        return pulumi.ResourceTransformationResult(
            {**resource.props, "permissions_boundary": boundary_arn}, resource.opts
        )

    pulumi.runtime.register_stack_transformation(bound)
