"""Builds the documentation as a site in .build/site: README, docs/ and the pages beside README (`make docs`).

Links to other files become plain text. The navigation follows README's list, with one section for each audience.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STAGE = ROOT / ".build" / "docs"
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
AUDIENCE = re.compile(r"^- \*\*(\w+)\*\*(.*(?:\n  .*)*)", re.MULTILINE)
"""An entry in README's list of pages: the audience's verb, then the links."""


def staged(text: str, page: Path) -> str:
    """Return a page's text for the site.

    Args:
        text: the page's text in the repository.
        page: the page's path, from the repository's root.
    """

    def link(match: re.Match[str]) -> str:
        words, target = match[1], match[2]
        if target.startswith(("http", "#")):
            return match[0]
        path, _, anchor = target.partition("#")
        found = (ROOT / page.parent / path).resolve()
        place = page_on_site(found.relative_to(ROOT))
        if place is None:
            return words
        here = page_on_site(page)
        up = "../" * (len(here.parts) - 1 if here else 0)
        return f"[{words}]({up}{place}{f'#{anchor}' if anchor else ''})"

    return LINK.sub(link, text)


def page_on_site(path: Path) -> Path | None:
    """Return the path of a repository file on the site. None if the site does not have it."""
    if path == Path("README.md"):
        return Path("index.md")
    if len(path.parts) == 1 and path.suffix == ".md":
        return path
    if path.parts[0] == "docs" and path.suffix in {".md", ".svg", ".yaml"}:
        return path.relative_to("docs")
    return None


def navigation(readme: str) -> list[dict[str, object]]:
    """Return the site's navigation: each title with its page, or with the entries of its section.

    Args:
        readme: README's text. Its list has an entry for each audience.
    """
    sections = [
        {audience: [_entry(words.capitalize(), Path(target)) for words, target in LINK.findall(links)]}
        for audience, links in AUDIENCE.findall(readme)
    ]
    return [{"Start": "index.md"}, *sections]


def _entry(title: str, target: Path) -> dict[str, object]:
    """Return the entry of a page, or of a folder's pages with their headings as titles."""
    if target.suffix:
        return {title: str(page_on_site(target))}
    pages = sorted((ROOT / target).glob("*.md"))
    return {title: [{_heading(page): str(page_on_site(page.relative_to(ROOT)))} for page in pages]}


def _heading(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def _toml(value: object) -> str:
    """Return a value as TOML on one line. JSON strings are valid TOML."""
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(key)} = {_toml(each)}' for key, each in value.items())} }}"
    return json.dumps(value)


def build(*options: str) -> int:
    """Build the site.

    Returns:
        Zensical's exit code.
    """
    shutil.rmtree(STAGE, ignore_errors=True)
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*")]:
        place = page_on_site(page.relative_to(ROOT))
        if page.is_dir() or place is None:
            continue
        target = STAGE / place
        target.parent.mkdir(parents=True, exist_ok=True)
        text = page.read_text(encoding="utf-8")
        target.write_text(staged(text, page.relative_to(ROOT)) if page.suffix == ".md" else text, encoding="utf-8")
    configuration = ROOT / ".build" / "zensical.toml"
    settings = (Path(__file__).parent / "zensical.toml").read_text(encoding="utf-8")
    pages = _toml(navigation((ROOT / "README.md").read_text(encoding="utf-8")))
    configuration.write_text(settings.replace("nav = []", f"nav = {pages}"), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--config-file", str(configuration)]
    return subprocess.run([*command, *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(build("--clean", "--strict"))
