"""Commands of the AWS CLI and of Pulumi in the documents exist, with these options."""

import itertools
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import jmespath
import pytest
from botocore import xform_name

from tests.unit.docs.test_docs import ROOT, code_spans, each_document, fences

FIRST_DEPLOY = ROOT / "docs/first-deploy.md"
# Commands that the CLI adds to a service, and options that it adds to every command.
CUSTOM = {("configure", "set"), ("cloudtrail", "validate-logs"), ("logs", "tail"), ("s3", "cp"), ("s3", "ls")}
RENAMED = {"s3api": "s3"}
GLOBAL = {"--profile", "--region", "--query", "--output"}
# www.pulumi.com/docs/iac/cli/commands
PULUMI = {
    ("login",): set[str](),
    ("version",): set[str](),
    ("stack", "init"): {"--secrets-provider", "--stack"},
    ("stack", "output"): {"--stack", "--json", "--show-secrets"},
    ("stack", "history"): {"--stack", "--json", "--page-size"},
    ("stack", "export"): {"--stack"},
    ("state", "unprotect"): {"--stack", "--all"},
    ("preview",): {"--stack", "--refresh", "--expect-no-changes", "--diff"},
    ("up",): {"--stack", "--refresh", "--replace", "--target", "--target-replace"},
    ("refresh",): {"--stack"},
    ("cancel",): {"--stack"},
    ("destroy",): {"--stack"},
    ("import",): set[str](),
    ("stack",): {"--show-urns", "--stack"},
}


def commands(document: Path, program: str) -> Iterator[list[str]]:
    """Return the words after a program's name in each command of a document that begins with it."""
    text = document.read_text()
    for code in [*code_spans(text), *(fence.text for fence in fences(text) if fence.language == "sh")]:
        yield from commands_of(code.replace("\\\n", " "), program)


def commands_of(code: str, program: str) -> Iterator[list[str]]:
    if program not in code:
        return
    lexer = shlex.shlex(code.replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        # A sentence with an apostrophe is not a command.
        return
    begins, command = True, None
    for word in [*words, ";"]:
        if set(word) <= set("();<>|&"):
            if command:
                yield command
            begins, command = True, None
        elif command is not None:
            command.append(word)
        elif begins and word == program:
            command = []
        else:
            # A variable before the program belongs to its environment.
            begins = begins and "=" in word
        if " " in word:
            # The argument of a shell is a command too.
            yield from commands_of(word, program)


@cache
def session() -> botocore.session.Session:
    return botocore.session.Session()


def refusal_of_aws(words: list[str]) -> str | None:
    """Return why the AWS CLI does not know a command or its options; None if it knows them."""
    service, operation, *rest = words
    given = [word.partition("=")[0] for word in rest if word.startswith("--")]
    for query in (after for word, after in itertools.pairwise(rest) if word == "--query"):
        jmespath.compile(query)
    if (service, operation) in CUSTOM:
        return None
    name = RENAMED.get(service, service)
    if name not in session().get_available_services():
        return f"AWS has no service {service}"
    model = session().get_service_model(name)
    operations: dict[str, Any] = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in operations:
        return f"{service} has no operation {operation}"
    shape = model.operation_model(operations[operation]).input_shape
    known = GLOBAL | {f"--{xform_name(member, '-')}" for member in (shape.members if shape else {})}
    unknown = sorted(set(given) - known)
    return f"{service} {operation} has no options {unknown}" if unknown else None


@each_document
def test_every_aws_command_is_one_of_aws(document: Path) -> None:
    assert [why for words in commands(document, "aws") if len(words) > 1 and (why := refusal_of_aws(words))] == []


@each_document
def test_every_pulumi_command_has_options_that_pulumi_has(document: Path) -> None:
    wrong = []
    for words in commands(document, "pulumi"):
        found = next((key for length in (2, 1) if (key := tuple(words[:length])) in PULUMI), None)
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        if words and (found is None or options - PULUMI[found]):
            wrong.append(words)
    assert wrong == []


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("aws athen list-work-groups", "AWS has no service athen"),
        ("aws iam tag-users --user-name ada", "iam has no operation tag-users"),
        ("A=$(aws iam tag-user --username ada)", r"iam tag-user has no options \['--username'\]"),
        ("true && sh -c 'aws s3api put-objects'", "s3api has no operation put-objects"),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(command: str, why: str) -> None:
    [refused] = [refusal for words in commands_of(command, "aws") if (refusal := refusal_of_aws(words))]
    assert re.search(why, refused)


def test_the_checklist_has_an_answer_for_each_command() -> None:
    checklist = FIRST_DEPLOY.read_text().partition("## First-day checklist")[2]
    numbers = re.findall(r"^\*\*(\d+)\. ", checklist, re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))
    row = (
        r"^\*\*\d+\. [^\n]+\n\n```sh\n(?:[^`]|`[^`\n]*`)+?\n```\n\n"
        r"- Expected: [^\n]+(?:\n  [^\n]+)*\.\n- If not: [^\n]+\n"
    )
    assert len(re.findall(row, checklist, re.MULTILINE)) == len(numbers) > 30
