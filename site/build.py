"""The documentation as a site in .build/site: README and docs/, with links out of them shown as the paths they name.

`make docs`. Diagrams stay text: their renderer would be fetched from the network by whoever reads the page.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STAGE = ROOT / ".build" / "docs"
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")


def staged(text: str, page: Path) -> str:
    """A page's text for the site.

    Args:
        text: as it stands in the repository.
        page: where it stands, from the repository's root.
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
    """Where the site has a file of the repository; None if it has not."""
    if path == Path("README.md"):
        return Path("index.md")
    if path.parts[0] == "docs" and path.suffix in {".md", ".svg", ".yaml"}:
        return path.relative_to("docs")
    return None


def build(*options: str) -> int:
    """Build it.

    Returns:
        Zensical's exit code.
    """
    shutil.rmtree(STAGE, ignore_errors=True)
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*")]:
        place = page_on_site(page.relative_to(ROOT))
        if page.is_dir() or place is None:
            continue
        target = STAGE / place
        target.parent.mkdir(parents=True, exist_ok=True)
        text = page.read_text(encoding="utf-8")
        target.write_text(staged(text, page.relative_to(ROOT)) if page.suffix == ".md" else text, encoding="utf-8")
    configuration = ROOT / ".build" / "zensical.toml"
    shutil.copyfile(Path(__file__).parent / "zensical.toml", configuration)
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--config-file", str(configuration)]
    return subprocess.run([*command, *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(build("--clean", "--strict"))
