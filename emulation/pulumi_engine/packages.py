"""Imports Pulumi's SDK for AWS, which takes more than a second."""

import importlib
import keyword

from emulation.pulumi_engine.handlers import HANDLERS


def load_packages() -> None:
    """Import the SDK's package of every service with a handler, for a caller that waits for the emulator anyway."""
    for kind in HANDLERS:
        provider, path, resource = kind.split(":")
        service = path.partition("/")[0]
        if provider == "aws":
            # The SDK's packages are lazy: the first access to an attribute loads the package.
            module = importlib.import_module(f"pulumi_aws.{service}{'_' * keyword.iskeyword(service)}")
            getattr(module, resource)
