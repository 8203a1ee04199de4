"""A checkout without the sample has no demo, and says so."""

import importlib.util

from typer.testing import CliRunner

from local.commands import app
from local.demo.sample import find_sample


def without_sample(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None if name == "sample" else found(name))


def test_a_deleted_sample_is_not_found(monkeypatch):
    without_sample(monkeypatch)
    assert find_sample() is None


def test_the_demo_without_the_sample_says_so_in_one_line(tmp_path, monkeypatch):
    # given
    without_sample(monkeypatch)

    # when
    result = CliRunner().invoke(app, ["demo", "--state-dir", str(tmp_path / "state")], env={"COLUMNS": "200"})

    # then nothing was started
    assert result.exit_code == 1
    [line] = result.stderr.splitlines()
    assert "the demo needs the sample, which this checkout does not have" in line
    assert not (tmp_path / "state").exists()
