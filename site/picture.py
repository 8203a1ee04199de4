"""Runs the demo on a new platform and draws its output as docs/demo.svg for README (`make picture`).

The text is the demo's own, without the tables between the steps and the table of who may read what.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs/demo.svg"
WIDTH = 80
TABLE = "Who may read what"
"""First words of the only table in the picture."""
DURATION = r"[\d.]+ s$"
STYLES = {
    r"(?m)^✓": "green",
    rf"(?m){DURATION}": "dim",
    r"\breads\b": "green",
    r"\bdenied\b(?!:)": "red",
    r"^\$ .*": "bold",
}
# rich's own format loads its font from the network.
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" \
aria-label="Output of make demo">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>\
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def recorded(port: int) -> str:
    """Return the demo's output as a file would contain it: without colours and without overwritten lines."""
    environment = {**os.environ, "COLUMNS": f"{WIDTH}", "NO_COLOR": "1"}
    with tempfile.TemporaryDirectory(prefix="picture-") as folder:
        of_its_own = ["--state-dir", folder]
        command = [sys.executable, "-m", "local", "demo", *of_its_own, "--port", f"{port}", "--down"]
        try:
            result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        finally:
            # A failed demo leaves its platform running.
            subprocess.run(
                [sys.executable, "-m", "local", "down", *of_its_own], cwd=ROOT, stdout=sys.stderr, check=False
            )
    if result.returncode != 0:
        sys.exit(result.stderr)
    return result.stdout


def chosen(output: str) -> Text:
    """Return the demo's steps and the table of who may read what, in the colours of a terminal."""
    lines = output.splitlines()
    table = next(number for number, line in enumerate(lines) if line.startswith(TABLE))
    end = next(number for number, line in enumerate(lines) if number > table + 2 and not line.strip())
    last = max(number for number, line in enumerate(lines[:table]) if line.startswith("✓ "))
    # A step may take two lines, and ends with its duration.
    ends = next(number for number, line in enumerate(lines) if number >= last and re.search(DURATION, line))
    # The intermediate lines of a running step are indented by two spaces.
    steps = [line for line in lines[: ends + 1] if line.strip() and not line.startswith("  ")]
    text = Text("\n".join(["$ make demo", *steps, "", *(line.rstrip() for line in lines[table:end])]))
    for pattern, style in STYLES.items():
        text.highlight_regex(pattern, style)
    return text


def drawn(text: Text) -> str:
    """Return the text as an SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(text, soft_wrap=False)
    return console.export_svg(title="make demo", theme=MONOKAI, code_format=FORMAT, unique_id="demo")


if __name__ == "__main__":
    PICTURE.write_text(drawn(chosen(recorded(int(sys.argv[1])))), encoding="utf-8")
