"""The code and dependencies that all functions of a stack share, the dependencies as one Lambda layer."""

import pulumi
import pulumi_aws as aws

from dataplatform.aws import packaging
from dataplatform.aws.stack import StackContext


class FunctionLayer(pulumi.ComponentResource):
    """One layer version and one code archive, which all functions of a stack share."""

    layer_arn: pulumi.Output[str]
    """ARN of the layer version."""
    architecture: str
    """Processor architecture of the functions."""
    code: pulumi.Archive
    """Archive of every function's handlers, and of the library that they share."""

    def __init__(
        self, name: str, *, stack: StackContext, architecture: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Pack code and dependencies, and create the layer.

        Args:
            name: prefix of the layer's name.
            stack: the stack's context; with `local.host_packages` the layer contains no packages.
            architecture: `arm64` or `x86_64`.
            opts: options of the component.
        """
        super().__init__("dataplatform:functions:FunctionLayer", name, None, opts)
        layer = aws.lambda_.LayerVersion(
            f"{name}-dependencies",
            layer_name=f"{name}-dependencies",
            code=packaging.function_layer(architecture, on_this_machine=stack.local.host_packages),
            compatible_runtimes=[f"python{packaging.FUNCTION_PYTHON}"],
            compatible_architectures=[architecture],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.layer_arn = layer.arn
        self.architecture = architecture
        self.code = packaging.function_code()
        self.register_outputs({"layerArn": self.layer_arn})
