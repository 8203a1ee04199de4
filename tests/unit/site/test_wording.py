"""The phrases that `make check` refuses in the repository's text."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SPEC = importlib.util.spec_from_file_location("wording", ROOT / "site/wording.py")
wording = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(wording)


@pytest.mark.parametrize(
    "text",
    [
        "what a run left is gone on with soon",
        "The file is no CSV.",
        "Where the teams' members come by",
        "A row that is told of twice",
        "It has not a key.",
        "the row is there no more",
        "the summary, written\n# anew each time",
    ],
)
def test_a_phrase_that_no_native_writer_writes_is_found(text):
    assert list(wording.phrases(text))


@pytest.mark.parametrize(
    "text",
    [
        "The file is no longer there.",
        "No more than ten.",
        "The job has not run.",
        "It returns None.",
        "A default is None.",
    ],
)
def test_plain_english_is_accepted(text):
    assert list(wording.phrases(text)) == []


def test_comments_strings_and_prose_are_read_and_code_is_not(tmp_path):
    # given
    program, page = tmp_path / "a.py", tmp_path / "a.md"
    program.write_text('"""Is no list."""\nanew = 1  # made anew\n')
    page.write_text("Made anew.\n```sh\necho anew\n```\n")

    # then
    found = [phrase for file in (program, page) for text in wording.texts(file) for phrase, _ in wording.phrases(text)]
    assert found == ["Is no ", "anew", "anew"]


def test_a_file_keeps_the_phrases_that_it_is_allowed_and_no_more(tmp_path, monkeypatch):
    # given three files, of which two may keep one phrase
    for name, text in {"old.md": "Made anew.", "new.md": "Made anew.", "fixed.md": "Made again."}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(wording, "ROOT", tmp_path)
    monkeypatch.setattr(wording, "files", lambda: ["old.md", "new.md", "fixed.md"])

    # when
    wrong = list(wording.counted({"old.md": 1, "fixed.md": 1}, lower=False))

    # then the new one is refused, and the count of the fixed one must be lowered
    assert [line.split(":")[0] for line in wrong] == ["new.md", "fixed.md"]
