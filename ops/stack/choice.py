"""Chooses the stack of a command: by its options, by the environment, or the only running local platform."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import typer

from lake.stacks import LOCAL_STACK
from ops.stack.checks import one_of
from ops.stack.errors import InvalidInputError
from ops.stack.platforms import CLONE, STATE_VARIABLE, platforms_up, the_platform
from ops.stack.target import Target, find_target

STACK_VARIABLE: Final = "DATAPLATFORM_STACK"
"""Environment variable with the stack's name."""
_STACK: Final = "--stack"
STATE_DIRECTORY: Final = "--state-dir"

StackOption = Annotated[
    str | None,
    typer.Option(
        _STACK, envvar=STACK_VARIABLE, help="The stack: local, dev or prod. Default: the running local platform."
    ),
]
StateDirectoryOption = Annotated[
    Path | None,
    typer.Option(
        STATE_DIRECTORY,
        envvar=STATE_VARIABLE,
        file_okay=False,
        help="Directory of a local platform. Default: the running platform's directory, else .local in the clone.",
    ),
]


@dataclass(frozen=True, slots=True)
class Choice:
    """The options that select the stack."""

    stack: str | None
    state_directory: Path | None


def target_of(context: typer.Context) -> Target:
    """The stack of a command. It is looked up only after the arguments were checked, because that takes seconds on AWS.

    Raises:
        InvalidInputError: as choose_target.
        TargetError: as choose_target.
    """
    choice: Choice = context.obj
    return choose_target(choice.stack, choice.state_directory)


def arranged(arguments: Sequence[str], with_own: Collection[str] = ()) -> list[str]:
    """Move --stack and --state-dir to where they are declared, wherever they were typed.

    Args:
        arguments: the typed arguments.
        with_own: commands with a --state-dir of their own.
    """
    stop = [*arguments, "--"].index("--")
    words, about_the_stack, others = iter(arguments[:stop]), list[list[str]](), list[str]()
    for word in words:
        if word.partition("=")[0] in {_STACK, STATE_DIRECTORY}:
            about_the_stack.append([word, *([] if "=" in word else islice(words, 1))])
        else:
            others.append(word)
    command = next((word for word in others if not word.startswith("-")), "")
    behind = [each for each in about_the_stack if command in with_own and each[0].startswith(STATE_DIRECTORY)]
    before = [each for each in about_the_stack if each not in behind]
    return [*_flat(before), *others, *_flat(behind), *arguments[stop:]]


def _flat(options: Sequence[Sequence[str]]) -> Iterator[str]:
    return (word for option in options for word in option)


def choose_target(stack: str | None, state_directory: Path | None) -> Target:
    """Return the selected stack. Without a name, it is never a stack on AWS.

    Args:
        stack: name of the stack; not needed while a local platform is up.
        state_directory: a local platform's directory.

    Raises:
        InvalidInputError: the stack does not exist, or no stack was named and not exactly one local platform is up.
        TargetError: the stack cannot be reached.
    """
    if stack is None and state_directory is None and not platforms_up():
        raise InvalidInputError(
            "no local platform is running; start one with `dataplatform up`, or name a stack with --stack, "
            f"such as --stack dev, or with {STACK_VARIABLE}"
        )
    name = one_of(stack or LOCAL_STACK, stacks(), "stack")
    return find_target(name, the_platform(state_directory) if name == LOCAL_STACK else CLONE)


def stacks() -> list[str]:
    """Return the stacks with settings, by the names of their files."""
    found = (re.fullmatch(r"Pulumi\.([\w-]+)\.yaml", each.name) for each in CLONE.glob("Pulumi.*.yaml"))
    return sorted({LOCAL_STACK, *(each[1] for each in found if each)})
