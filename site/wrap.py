"""Wraps the Markdown that people write: lines of at most 160 characters, each as full as its words allow.

`make format` wraps; `make check` only reports. Code, tables and the generated parts of a page stay as they are.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 160
GENERATED = re.compile(r"^<!-- make .*?^<!-- end -->$", re.MULTILINE | re.DOTALL)
"""A part that a command writes into a page."""
GENERATED_PAGES = ("docs/settings.md",)
_FENCE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"( *(?:[-*]|\d+\.) +)")
_NOT_PROSE = re.compile(r" *(?:$|#|\||<)")
_WORD = re.compile(r"(?:`[^`]*`|!?\[[^\]]*\]\([^)\s]*\)|\S)+")
"""A word; code and links are not broken, and are found by tests and by `grep` for that reason."""
_BEGINS_A_BLOCK = re.compile(r"[-+*>#|]+|\d+[.)]")


def wrapped(text: str) -> str:
    """Return a page's text, wrapped.

    Args:
        text: text of the page.
    """
    kept = sorted(found.span() for pattern in (GENERATED, _FENCE) for found in pattern.finditer(text))
    result, position = "", 0
    for start, end in kept:
        if start >= position:
            result += _prose(text[position:start]) + text[start:end]
            position = end
    return result + _prose(text[position:])


def _prose(text: str) -> str:
    lines: list[str] = []
    words: list[str] = []
    first, rest = "", ""

    def end_paragraph() -> None:
        if words:
            lines.extend(_filled(words, first, rest))
            words.clear()

    for line in text.split("\n"):
        item = _ITEM.match(line)
        if _NOT_PROSE.match(line) or item or not words:
            end_paragraph()
        if _NOT_PROSE.match(line):
            lines.append(line)
            continue
        if not words:
            first = item[0] if item else line[: len(line) - len(line.lstrip())]
            rest = " " * len(first)
        words += _WORD.findall(line[len(first) :] if item else line)
    end_paragraph()
    return "\n".join(lines)


def _filled(words: list[str], first: str, rest: str) -> list[str]:
    lines = [first + words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > WIDTH and not _BEGINS_A_BLOCK.fullmatch(word):
            lines.append(rest + word)
        else:
            lines[-1] += f" {word}"
    return lines


def pages() -> list[Path]:
    """Return the Markdown of the repository that people write."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    return [ROOT / name for name in listed.stdout.split() if name not in GENERATED_PAGES and (ROOT / name).exists()]


def main() -> int:
    """Wrap the named pages, or all.

    Returns:
        1 if `--check` was given and a page is not wrapped.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--check", action="store_true", help="only report the pages that are not wrapped")
    options = parser.parse_args()
    count = 0
    for page in options.pages or pages():
        text = page.read_text(encoding="utf-8")
        if (new := wrapped(text)) != text:
            count += 1
            if options.check:
                print(f"{page}: not wrapped, run `make format`", file=sys.stderr)
            else:
                page.write_text(new, encoding="utf-8")
    return int(options.check and count > 0)


if __name__ == "__main__":
    sys.exit(main())
