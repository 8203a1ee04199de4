"""Pulumi.yaml and the stack files satisfy the Pulumi CLI and the settings' model."""

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest
import yaml
from pydantic.alias_generators import to_snake

from dataplatform.settings.reader import parse_settings

ROOT = Path(__file__).resolve().parents[4]
STACKS = ("local", "dev", "prod")
OPTIONS = {"typechecker": {"mypy", "pyright"}, "toolchain": {"pip", "poetry", "uv"}}

Document = Mapping[str, Any]


def read(name: str) -> Document:
    return yaml.safe_load((ROOT / name).read_text())


def cli_refusals(project: Document, stack: Document) -> Iterator[str]:
    """Return what the Pulumi CLI would refuse in a project and one of its stack files.

    In github.com/pulumi/pulumi: `mergeConfig` in pkg/workspace/config.go for the settings, `parseOptions` in
    sdk/python/cmd/pulumi-language-python/main.go for the runtime's options.
    """
    options = project["runtime"].get("options", {}) if isinstance(project["runtime"], dict) else {}
    for option, accepted in OPTIONS.items():
        if option in options and options[option] not in accepted:
            yield f"unsupported {option} option: {options[option]}"
    for key, declared in project.get("config", {}).items():
        namespace, _, name = key.rpartition(":")
        has_value = not isinstance(declared, dict) or {"value", "default"} & set(declared)
        is_set = bool({key, f"{namespace or project['name']}:{name}"} & set(stack.get("config", {})))
        if not is_set and not has_value and namespace in {"", project["name"]}:
            yield f"missing configuration value {key}"


@pytest.mark.parametrize("stack", STACKS)
def test_the_pulumi_cli_accepts_the_stack(stack: str) -> None:
    assert list(cli_refusals(read("Pulumi.yaml"), read(f"Pulumi.{stack}.yaml"))) == []


@pytest.mark.parametrize(
    ("project", "refusal"),
    [
        ({"config": {"p:teams": {"description": "-"}}}, "missing configuration value p:teams"),
        ({"config": {"teams": {"type": "array"}}}, "missing configuration value teams"),
        ({"config": {"teams": {"default": []}, "p:set": {}, "aws:region": {}, "short": "text"}}, None),
        ({"runtime": {"name": "python", "options": {"typechecker": "none"}}}, "unsupported typechecker option: none"),
        ({"runtime": {"name": "python", "options": {"toolchain": "conda"}}}, "unsupported toolchain option: conda"),
        ({"runtime": {"name": "python", "options": {"toolchain": "pip"}}}, None),
    ],
)
def test_the_rules_refuse_what_the_cli_refuses(project: Document, refusal: str | None) -> None:
    refusals = list(cli_refusals({"name": "p", "runtime": "python"} | project, {"config": {"p:set": 1}}))
    assert refusals == ([] if refusal is None else [refusal])


@pytest.mark.parametrize("stack", STACKS)
def test_program_accepts_its_settings_of_the_stack_file(stack: str) -> None:
    assert parse_settings(settings_of("data-platform", stack), stack) is not None


@pytest.mark.parametrize("stack", STACKS)
def test_other_settings_of_the_stack_file_are_the_providers(stack: str) -> None:
    # given the AWS provider's arguments, and keys of neither the provider nor the program
    arguments = set(inspect.signature(aws.ProviderArgs).parameters)
    keys = read(f"Pulumi.{stack}.yaml")["config"]

    # then the provider accepts each of its settings, and no other key is set
    assert {to_snake(name) for name in settings_of("aws", stack)} <= arguments
    assert {key.partition(":")[0] for key in keys} == {"aws", "data-platform"}


def settings_of(namespace: str, stack: str) -> Document:
    settings = read(f"Pulumi.{stack}.yaml")["config"]
    return {key.partition(":")[2]: value for key, value in settings.items() if key.startswith(f"{namespace}:")}
