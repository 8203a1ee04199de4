"""The page on commands lists what the applications and the Makefile have."""

import importlib.util
from pathlib import Path

import typer

from local.application import app

ROOT = Path(__file__).resolve().parents[3]
SPEC = importlib.util.spec_from_file_location("commands", ROOT / "site/commands.py")
commands = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(commands)


def section(page, heading):
    return page.partition(f"\n### {heading}\n")[2].partition("\n#")[0]


def test_page_has_the_list_that_the_commands_give():
    text = commands.PAGE.read_text()
    assert commands.page(text) == text, "run `make commands`"


def test_an_option_is_listed_with_its_value_default_and_help():
    # given the options of a command in the application
    [option] = [each for each in typer.main.get_command(app).commands["redrive"].params if "--show" in each.opts]

    # then the page's section of the command shows them
    row = f"| `--show NUMBER` | `{option.default}` | {option.help} |"
    assert row in section(commands.reference(), "dataplatform redrive")


def test_a_new_command_appears_with_its_help():
    # given
    application = typer.Typer()

    @application.command()
    def first() -> None:
        """Do nothing."""

    @application.command("second")
    def second(_count: int = 3) -> None:
        """Count to
        a number.
        """

    # when
    listed = dict(commands._commands(application))

    # then
    assert list(listed) == ["first", "second"]
    assert commands._command("x second", listed["second"]).startswith("### x second\n\nCount to a number.\n")
