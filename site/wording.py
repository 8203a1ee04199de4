"""Refuses phrases that a native writer would not write, in docstrings, comments, messages and Markdown.

`make check` runs it. A file in ALLOWED may keep as many as it names, and no more: who rewrites it lowers the number.
"""

import argparse
import io
import json
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ALLOWED = ROOT / "site/wording-allowed.json"
"""Phrases that a file may keep, by path."""
# The sources of phrases themselves, and what is not ours.
LEFT_OUT = ("site/wording.py", "LICENSE", "tests/unit/site/test_wording.py")
PATTERNS = {
    r"\b(go|goes|going|gone|went) on with\b": "resume",
    r"\b(is|are|was|were) no (?!longer|more than|fewer|doubt|later|earlier|less|worse|such)": "is not a …",
    r"\b(is|are) none\b(?! of)": "is not …",
    r"\b(has|have) not (?=(a|an|the|any|its|their|one)\b)": "does not have",
    r"\b(has|have|is|are|there) no more\b(?! than)": "no longer",
    r"\b(come|comes|came) by\b": "signs in",
    r"\b(is|are|was|were) (told|said) (of|by|that|what|with|in|at|once|apart|whether)\b": "is reported, logged, shown",
    r"\btell(s|ing)? (of|that|apart|whether|which|what|how|why)\b": "shows, reports, distinguishes",
    r"\b(as|what|unless|if|where) it is (said|told)\b": "unless …",
    r"\bstands? (in|at|under|beside|for itself|there|here|alone|ready)\b": "is, is stored",
    r"\banew\b": "again, from scratch",
    r"\b(un)?mend(s|ed|ing)?\b": "fix",
    r"\b(bury|buries|buried)\b": "send to the dead-letter queue",
    r"\balarms? (ring|rings|rang)\b": "fires",
    r"\band the like\b": "and similar …",
    r"\bof before\b": "previous",
    r"\bfor ever\b": "forever",
    r"\bby itself\b": "automatically, alone",
    r"\b(take|takes|taking|taken|took) (it|them|this|that)? ?up\b": "resume, pick up",
    r"\blook(s|ed|ing)? after\b": "check, renew",
    r"\b(which|that|what|who) (it|they) (has|have|is|are|was|were) of\b": "name the thing",
    r"\b(of|for|from|by|with) what (is|are|was|were|came|comes|has|had)\b": "name the thing",
    r"\bthose (of|with|in|that) (them|it|which)\b": "name the thing",
    r"\bis to be (said|told|seen|had|known)\b": "a verb",
    r"\bas (it|they) (stand|stands|came)\b": "as delivered, as is",
    r"\bin the end\b": "finally",
}
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def phrases(text: str) -> Iterator[tuple[str, str]]:
    """Each refused phrase of a text, and what to write."""
    joined = re.sub(r"\s*\n\s*(?:# ?|> ?)?", " ", text)
    for pattern, instead in PATTERNS.items():
        for found in re.finditer(pattern, joined, re.IGNORECASE):
            if "None" not in found[0]:  # Python's
                yield found[0], instead


def texts(file: Path) -> Iterator[str]:
    """A file's prose: of Markdown what is not code, of Python its comments and strings."""
    source = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        yield _FENCE.sub("", source)
        return
    comments: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            comments.append(token.string)
        elif token.type == tokenize.STRING:
            yield token.string
        elif token.type != tokenize.NL and comments:
            yield "\n".join(comments)
            comments = []
    yield "\n".join(comments)


def files() -> list[str]:
    """The repository's Python and Markdown, by path."""
    listed = subprocess.run(["git", "ls-files", "*.py", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    return [name for name in listed.stdout.split("\n")[:-1] if name not in LEFT_OUT and (ROOT / name).exists()]


def counted(allowed: dict[str, int], *, lower: bool) -> Iterator[str]:
    """What is wrong, a line for each file; with `lower`, only what has become more."""
    for name in files():
        found = [each for text in texts(ROOT / name) for each in phrases(text)]
        if len(found) > allowed.get(name, 0):
            listed = "; ".join(f"{phrase!r}, write: {instead}" for phrase, instead in found)
            yield f"{name}: {len(found)} phrases, {allowed.get(name, 0)} allowed: {listed}"
        elif len(found) < allowed.get(name, 0) and not lower:
            yield f"{name}: {len(found)} phrases, {allowed[name]} allowed: run `python site/wording.py --lower`"
        allowed[name] = min(len(found), allowed.get(name, 0))


def main() -> int:
    """Exit with 1 if a file has another number of phrases than it may keep."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lower", action="store_true", help="lower the allowed numbers of rewritten files")
    options = parser.parse_args()
    allowed = json.loads(ALLOWED.read_text(encoding="utf-8"))
    wrong = list(counted(allowed, lower=options.lower))
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    if options.lower:
        left = {name: number for name, number in sorted(allowed.items()) if number and (ROOT / name).exists()}
        ALLOWED.write_text(json.dumps(left, indent=0) + "\n", encoding="utf-8")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
