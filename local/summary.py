"""The results of `up`, `demo` and `down` as JSON documents for programs."""

from typing import Any

from emulation.pulumi_engine import Deployment
from local.demo.demo import DemoResult
from local.platform_instance import LocalPlatform


def of_platform(platform: LocalPlatform) -> dict[str, Any]:
    """Return the location of a platform."""
    return {"state_directory": platform.state_directory, "endpoint": platform.emulator.endpoint}


def of_deployment(deployment: Deployment) -> dict[str, int]:
    """Return how many resources a deployment changed."""
    return {
        "created": deployment.created,
        "updated": deployment.updated,
        "replaced": deployment.replaced,
        "deleted": deployment.deleted,
        "unchanged": deployment.unchanged,
    }


def of_demo(result: DemoResult) -> dict[str, Any]:
    """Return the demo's results. `seconds` contains each step's duration."""
    return {
        "objects": [
            {"object": each.inbound.key, "rows": each.account, "refused_by_rule": each.refused_by_rule}
            for each in result.objects
        ],
        "events": result.events,
        "report_rows": result.report_rows,
        "access": result.access.outcomes,
        "second_collection": result.second_collection,
        "seconds": result.seconds,
    }
