"""Imports what a program needs of Pulumi's SDKs, which takes longer than anything else that it does."""

import importlib
import keyword

from emulation.pulumi_engine.handlers import HANDLERS


def load_packages() -> None:
    """Import the SDK's package of every service that has a handler, for a caller that waits for the emulator anyway."""
    for service in sorted({kind.split(":")[1].split("/")[0] for kind in HANDLERS if kind.startswith("aws:")}):
        module = importlib.import_module(f"pulumi_aws.{service}{'_' * keyword.iskeyword(service)}")
        # The SDK makes its packages lazy: one is read when something in it is.
        module.__dict__  # noqa: B018 - as just said
