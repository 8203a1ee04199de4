"""The prompt for SQL: statements, commands that begin with a dot, and how it ends."""

import pytest

from ops.sql.prompt import FIRST, NEXT, read_statements
from ops.sql.statements import DUCKDB
from ops.stack.errors import OperatorError
from ops.stack.exit_codes import ExitCode


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """Types lines, with exceptions for keys, and returns the executed statements and the shown prompts."""
    # Another test of this process may have received SIGTERM.
    monkeypatch.setattr("ops.sql.prompt.code_of_stop", lambda: ExitCode.INTERRUPTED)

    def type_lines(*lines, fail=None):
        waiting, prompts, ran = iter(lines), [], []

        def read_line(prompt):
            prompts.append(prompt)
            line = next(waiting, EOFError)
            if isinstance(line, type):
                raise line
            return line

        def run(statement):
            ran.append(statement)
            if fail is not None:
                raise fail

        read_statements(DUCKDB, lambda: ["warehouse.things"], run, read_line, tmp_path / "history")
        return ran, prompts

    return type_lines


def test_statement_runs_at_its_semicolon_over_lines(typed):
    ran, prompts = typed("SELECT 1", "  + 2", ";", "SELECT 3; SELECT 4;")
    assert ran == ["SELECT 1\n  + 2", "SELECT 3", "SELECT 4"]
    assert prompts == [FIRST, NEXT, NEXT, FIRST, FIRST]


def test_semicolon_in_a_string_does_not_end_a_statement(typed):
    assert typed("SELECT ';", "';")[0] == ["SELECT ';\n'"]


@pytest.mark.parametrize("word", [".quit", ".exit", "quit", "exit;", ".QUIT", EOFError])
def test_word_or_ctrl_d_leaves(typed, word):
    ran, prompts = typed(word, "SELECT 1;")
    assert (ran, len(prompts)) == ([], 1)


def test_tables_are_listed(typed, capsys):
    typed(".tables")
    assert "warehouse.things" in capsys.readouterr().out


def test_help_lists_the_words_and_an_unknown_word_names_it(typed, capsys):
    typed(".help", ".tabels")
    printed = capsys.readouterr()
    assert ".tables" in printed.out
    assert ".help" in printed.err


def test_word_within_a_statement_is_part_of_it(typed):
    assert typed("SELECT 1 AS", "quit", ";")[0] == ["SELECT 1 AS\nquit"]


def test_statement_that_fails_does_not_end_the_prompt(typed, capsys):
    ran, _ = typed("SELECT 1;", "SELECT 2;", fail=OperatorError("no such table"))
    assert len(ran) == 2
    assert capsys.readouterr().err.count("no such table") == 2


def test_ctrl_c_stops_the_statement_that_runs_only(typed, capsys):
    ran, _ = typed("SELECT 1;", "SELECT 2;", fail=KeyboardInterrupt())
    assert len(ran) == 2
    assert "stopped" in capsys.readouterr().err


def test_ctrl_c_forgets_what_is_typed(typed):
    assert typed("SELECT 1", KeyboardInterrupt, "SELECT 2;")[0] == ["SELECT 2"]
