"""What the AWS provider's settings mean to the engine: a region, and tags that everything gets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulation.pulumi_engine.errors import EngineError


@dataclass(frozen=True, slots=True)
class Provider:
    """An AWS provider, the default one or one that the program made. Where it connects to is the engine's choice."""

    region: str | None
    default_tags: Mapping[str, str] = field(default_factory=dict[str, str])

    def require_region(self, asker: str) -> str:
        """The region.

        Raises:
            EngineError: none is set.
        """
        if self.region is None:
            raise EngineError(f"{asker} does not have a region; set aws:region in the stack's settings")
        return self.region


def default_provider(configuration: Mapping[str, str]) -> Provider:
    """The provider that resources get which name none: the stack's aws:region and aws:defaultTags."""
    inputs = {key.removeprefix("aws:"): value for key, value in configuration.items() if key.startswith("aws:")}
    return read_provider(inputs)


def read_provider(inputs: Mapping[str, Any]) -> Provider:
    """A provider by its inputs, of which those that are not text are JSON.

    Raises:
        EngineError: defaultTags is not {"tags": {…}}.
    """
    tags = inputs.get("defaultTags")
    if tags is None:
        return Provider(inputs.get("region"))
    try:
        parsed = json.loads(tags) if isinstance(tags, str) else tags
        return Provider(inputs.get("region"), dict(parsed["tags"]))
    except (ValueError, TypeError, KeyError) as error:
        raise EngineError(
            f'aws:defaultTags is {tags!r}, and not of the form {{"tags": {{…}}}}; correct the stack\'s settings'
        ) from error
