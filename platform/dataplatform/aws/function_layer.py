"""The dependencies of every function, as one Lambda layer."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from dataplatform.aws.packaging import FUNCTION_PYTHON


class FunctionLayerArgs(TypedDict):
    """What a FunctionLayer needs."""

    dependencies: pulumi.Input[pulumi.Archive]
    architecture: str


class FunctionLayer(pulumi.ComponentResource):
    """One layer version, which all functions of a stack share."""

    layer_arn: pulumi.Output[str]

    def __init__(self, name: str, args: FunctionLayerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:functions:FunctionLayer", name, None, opts)
        layer = aws.lambda_.LayerVersion(
            f"{name}-dependencies",
            layer_name=f"{name}-dependencies",
            code=args["dependencies"],
            compatible_runtimes=[f"python{FUNCTION_PYTHON}"],
            compatible_architectures=[args["architecture"]],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.layer_arn = layer.arn
        self.register_outputs({"layerArn": self.layer_arn})
