"""README and docs are correct: links, snippets, commands, settings, exports."""

import ast
import functools
import importlib
import inspect
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import pulumi
import pytest
import typer
import yaml
from pydantic import Field

from dataplatform.component_pages import components, page_of, with_tables
from dataplatform.settings.base import Name, SettingsModel
from dataplatform.settings.model import Settings
from dataplatform.settings.page import Setting, render, settings_of
from init.commands import app as init_app
from local.application import app as platform_app
from local.commands import app as local_app
from ops.commands import app as ops_app

ROOT = Path(__file__).resolve().parents[3]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted({*ROOT.glob("*.md")} - {README}), *sorted((ROOT / "docs").rglob("*.md"))]
COMPONENT_PAGES = sorted((ROOT / "docs/components").glob("*.md"))
DECISIONS = sorted((ROOT / "docs/adr").glob("*.md"))
# Hosts to which a document may link. No package index, no private server.
KNOWN_HOSTS = {
    "127.0.0.1",
    "dataframely.readthedocs.io",
    "docs.aws.amazon.com",
    "keepachangelog.com",
    "www.pulumi.com",
}
NO_PLACE_OF_A_READER = re.compile(
    r"(?<![\w}.$])/(?:work|tmp|home|root|Users|opt|var|usr)/"
    r"|pypi\.org|pythonhosted|npmjs|docker\.io|ghcr\.io|quay\.io|proxy\.golang"
)

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
each_component_page = pytest.mark.parametrize("page", COMPONENT_PAGES, ids=lambda path: path.name)


APPLICATIONS = {"init": init_app, "local": local_app, "ops": ops_app, "dataplatform": platform_app}
OUR_COMMAND = re.compile(
    r"python -m (local|ops|init)\b(?!\.)(.*)|(?:^|[;|&(!] ?|\.venv/bin/)(dataplatform)(?![\w./@:-])(.*)"
)


class Fence(NamedTuple):
    language: str
    text: str


def fences(text: str) -> list[Fence]:
    return [Fence(*match) for match in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]


def without_fences(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def code_spans(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", without_fences(text))


def code(text: str) -> Iterator[str]:
    """Return what a reader may type: code spans, and lines of fences that are neither pictures nor output."""
    yield from code_spans(text)
    for fence in fences(text):
        if fence.language not in {"mermaid", "text"}:
            yield from fence.text.splitlines()


def tables(text: str) -> Iterator[list[dict[str, str]]]:
    """Return the rows of each table, with cells by header."""
    for block in re.findall(r"(?:^\|.*\|\n)+", without_fences(text), re.MULTILINE):
        header, _rule, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in block.splitlines()]
        yield [dict(zip(map(str.strip, header), row, strict=True)) for row in rows]


def column(text: str, name: str) -> list[str]:
    """Return the code spans in a column of the tables that have it, in order."""
    return [span for table in tables(text) for row in table if name in row for span in code_spans(row[name])]


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings in GitHub's form."""
    headings = re.findall(r"^#+ (.+)$", without_fences(document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def camel_case(name: str) -> bool:
    return re.fullmatch(r"[a-z]+(?:[A-Z][a-z0-9]*)+", name) is not None


# --- links and places -------------------------------------------------------------------------------------------------


@each_document
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", without_fences(document.read_text()))
    broken = []
    for link in (link for link in links if not link.startswith("http")):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\]\(([^)#\s]+)", README.read_text()))
    folders = {ROOT / link for link in linked if (ROOT / link).is_dir()} - {ROOT / "docs"}
    unreached = [
        page.name for page in DOCUMENTS[1:] if str(page.relative_to(ROOT)) not in linked and page.parent not in folders
    ]
    assert unreached == []


@each_document
def test_a_document_names_no_registry_and_no_path_of_a_machine(document: Path) -> None:
    text = document.read_text()
    assert set(re.findall(r"https?://([^/\s:)`\"]+)", text)) <= KNOWN_HOSTS
    assert NO_PLACE_OF_A_READER.findall(text) == []
    assert str(ROOT) not in text


# --- snippets ---------------------------------------------------------------------------------------------------------


def python_snippets(document: Path) -> list[ast.Module]:
    return [ast.parse(fence.text) for fence in fences(document.read_text()) if fence.language == "python"]


def imported_names(snippet: ast.Module) -> dict[str, object]:
    """Return a snippet's imports, by their names in it."""
    found: dict[str, object] = {}
    for node in ast.walk(snippet):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: importlib.import_module(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = imported(node.module or "", alias.name)
    return found


def imported(module: str, name: str) -> object:
    owner = importlib.import_module(module)
    return getattr(owner, name) if hasattr(owner, name) else importlib.import_module(f"{module}.{name}")


def components_of(snippet: ast.Module) -> dict[type[pulumi.ComponentResource], set[str]]:
    """Return each component that a snippet creates, with the names of its arguments."""
    names = imported_names(snippet)
    made: dict[type[pulumi.ComponentResource], set[str]] = {}
    for call in (node for node in ast.walk(snippet) if isinstance(node, ast.Call)):
        kind = names.get(call.func.id) if isinstance(call.func, ast.Name) else None
        if isinstance(kind, type) and issubclass(kind, pulumi.ComponentResource):
            made[kind] = {keyword.arg for keyword in call.keywords if keyword.arg}
    return made


@each_document
def test_every_python_snippet_compiles_and_its_imports_exist(document: Path) -> None:
    for snippet in python_snippets(document):
        imported_names(snippet)


@each_component_page
def test_component_page_lists_all_arguments_and_outputs(page: Path) -> None:
    # given the component that the page's snippet creates
    [(component, given)] = [each for snippet in python_snippets(page) for each in components_of(snippet).items()]
    parameters = inspect.signature(component).parameters.values()
    declared = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY and each.name != "opts"]
    outputs = {name for name in component.__annotations__ if not name.startswith("_")}

    # then snippet and tables name exactly what the component declares
    assert given == set(declared)
    assert column(page.read_text(), "argument") == declared
    assert set(column(page.read_text(), "output")) == outputs


@each_component_page
def test_a_components_tables_are_those_that_its_code_gives(page: Path) -> None:
    known = components()
    [(name, component)] = [each for each in known.items() if page_of(each[0]) == page.name]
    assert page.read_text() == with_tables(page.read_text(), component, known), (
        f"the arguments or outputs of {name} changed: run `make components`"
    )


def test_every_argument_and_output_of_a_component_has_a_meaning() -> None:
    silent = [
        (name, each.name)
        for name, component in components().items()
        for each in [*component.arguments, *component.outputs]
        if not each.meaning
    ]
    assert silent == []


def test_every_component_has_a_page() -> None:
    assert {page.name for page in COMPONENT_PAGES} == {page_of(component) for component in components()}


# --- commands ---------------------------------------------------------------------------------------------------------


@each_document
def test_every_make_command_is_in_the_makefile(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    given = [words for line in code(document.read_text()) for words in re.findall(r"\bmake ([a-z -]+)", line)]
    named = {name for words in given for name in words.split()}
    assert named <= targets
    measured = re.findall(r"make bench NAME=(\w+)", document.read_text())
    assert [name for name in measured if not (ROOT / f"bench/{name}.py").exists()] == []


def commands(document: Path) -> list[tuple[str, list[str]]]:
    """Yield module and words of each of our command lines in a document."""
    found = [
        (match[1] or match[3], words_of(match[2] or match[4] or ""))
        for line in code(document.read_text())
        for match in [OUR_COMMAND.search(line)]
        if match
    ]
    passed_on = re.findall(r'make demo DEMO="([^"]*)"', document.read_text())
    return found + [("local", ["demo", *shlex.split(options)]) for options in passed_on]


def words_of(rest: str) -> list[str]:
    """Return the words after a program's name, up to a comment or the next program."""
    words = shlex.split(rest.partition("#")[0])
    ends = [number for number, word in enumerate(words) if word in {"|", "&&", ";", ">"}]
    return words[: ends[0]] if ends else words


def refusal(module: str, words: list[str]) -> str | None:
    """Return why the command line has unknown names; None if all are known."""
    group = typer.main.get_command(APPLICATIONS[module])
    command, waiting = group, iter(words)
    for word in waiting:
        if word.startswith("-"):
            option = next((each for each in command.params if word.partition("=")[0] in each.opts), None)
            if option is None and not command.context_settings.get("ignore_unknown_options"):
                return f"{command.name or module} has no option {word}"
            takes_a_value = option is None or not option.is_flag
            if takes_a_value and "=" not in word:
                next(waiting, None)
        elif (members := getattr(command, "commands", None)) is not None:
            if word not in members:
                return f"{command.name or module} has no command {word}"
            command = members[word]
    return None


@each_document
def test_every_command_line_of_ours_is_taken_by_its_parser(document: Path) -> None:
    refused = [(module, words, why) for module, words in commands(document) if (why := refusal(module, words))]
    assert refused == []


@pytest.mark.parametrize("words", [["start"], ["up", "--new"], ["--fresh"], ["down", "--port", "4566"]])
def test_a_command_line_that_does_not_exist_is_noticed(words: list[str]) -> None:
    assert refusal("local", words)


def test_a_line_that_names_our_program_is_found_as_a_command() -> None:
    lines = [
        "dataplatform up",
        "source <(dataplatform env )",
        ".venv/bin/dataplatform status | head",
        "! dataplatform x",
    ]
    others = ["platform/dataplatform/aws", "dataplatform.settings.page", "dataplatform@127.0.0.1", "cd dataplatform-x"]
    assert [bool(OUR_COMMAND.search(line)) for line in lines] == [True] * len(lines)
    assert [each for each in others if OUR_COMMAND.search(each)] == []


# --- settings and exports ---------------------------------------------------------------------------------------------


def every_setting() -> list[Setting]:
    return settings_of(Settings).all_settings()


def test_the_page_on_settings_is_the_one_that_the_model_gives() -> None:
    assert (ROOT / "docs/settings.md").read_text() == render(), (
        "the model changed: `make settings` writes the page anew"
    )


def test_every_setting_says_what_it_means() -> None:
    assert [setting.name for setting in every_setting() if not setting.meaning] == []


def test_a_setting_is_found_wherever_it_stands() -> None:
    # given settings at the top level, in a block, in an optional block, and repeated by name
    class Inner(SettingsModel):
        one_more: Annotated[int, Field(ge=2, description="An inner one.")] = 3

    class Outer(SettingsModel):
        at_the_top: Annotated[str, Field(description="The first.")]
        within: Annotated[Inner, Field(description="A block.")] = Inner()
        perhaps: Annotated[Inner | None, Field(description="An optional block.")] = None
        several: Annotated[Mapping[Name, Inner], Field(description="A block for each name.")]

    # then each is listed by its full name
    assert settings_of(Outer).all_settings() == [
        Setting("atTheTop", "text", "required", "The first."),
        *(
            Setting(f"{block}.oneMore", "from 2", "`3`", "An inner one.")
            for block in ("within", "perhaps", "several.NAME")
        ),
    ]


@functools.cache
def exports() -> frozenset[str]:
    """Return the names that every stack of the program exports, from the snapshots."""
    snapshots = (ROOT / "tests/infrastructure/snapshots").glob("*.yaml")
    return frozenset(name for snapshot in snapshots for name in yaml.safe_load(snapshot.read_text())["exports"])


@each_document
def test_every_camel_case_name_is_an_export_or_a_setting(document: Path) -> None:
    known = exports() | {part for setting in every_setting() for part in setting.name.split(".")}
    assert {name for name in code_spans(document.read_text()) if camel_case(name)} <= known


def test_every_export_is_documented_where_its_component_is() -> None:
    documented = [name for page in COMPONENT_PAGES for name in column(page.read_text(), "exported as")]
    assert sorted(documented) == sorted(exports() - {"region"})


# --- the glossary, the decisions ----------------------------------------------------------------------------


def test_every_term_of_the_glossary_is_one_that_the_code_uses() -> None:
    folders = (
        "platform",
        "datasets",
        "reports",
        "lake",
        "processing",
        "functions",
        "jobs",
        "ops",
        "emulation",
        "local",
    )
    sources = " ".join(path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.py")).lower()
    sources = re.sub(r"[\s_-]+", " ", sources)
    terms = re.findall(r"^\*\*(.+?)\*\*", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
    assert terms == sorted(terms, key=str.lower)
    assert [term for term in terms if term.lower().replace("-", " ") not in sources] == []


def test_decisions_are_numbered_without_gaps_and_short() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for path in DECISIONS:
        headings = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], path.name
        assert len(path.read_text().split()) < 1_000, path.name
