"""The common base of all command groups: a failure is one line on stderr and a documented exit code."""

from typing import Any

import typer
from typer.core import TyperGroup

from ops.stack.choice import STATE_DIRECTORY, arranged
from ops.stack.exit_codes import code_of_stop, word_for_stop
from ops.stack.terminal import errors, errors_for_a_person


class CommandGroup(TyperGroup):
    """Commands that end as docs/commands.md describes, whatever happens in them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own click
        """Accept --stack and --state-dir before and after the command."""
        own = {
            name
            for name, command in self.commands.items()
            if any(STATE_DIRECTORY in option.opts for option in command.params)
        }
        return super().parse_args(ctx, arranged(args, own))

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own click
        """Run the command that was typed.

        Raises:
            typer.Exit: the command failed, or ctrl-C or SIGTERM stopped it.
        """
        try:
            with errors_for_a_person():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            errors.print(word_for_stop())
            raise typer.Exit(code_of_stop()) from None
