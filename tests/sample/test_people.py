"""The sample people: the same for the same seed, with the difficulties that an extraction must handle."""

from collections import Counter
from datetime import datetime

import pytest

from sample.people import change_people, seed_people


class Recorder:
    """A connection that records statements, and answers the only query."""

    def __init__(self, count: int = 0, last: int = 0, latest: str | None = None) -> None:
        self.statements: list[tuple[str, tuple[object, ...]]] = []
        self.commits = 0
        self._answer = [(count, last, latest)]

    def cursor(self) -> "Recorder":
        return self

    def execute(self, statement: str, parameters=()) -> None:
        self.statements.append((statement, tuple(parameters)))

    def fetchall(self):
        return self._answer

    def commit(self) -> None:
        self.commits += 1

    @property
    def inserted(self) -> list[tuple[object, ...]]:
        values = [value for statement, bound in self.statements if statement.startswith("INSERT") for value in bound]
        return [tuple(values[at : at + 6]) for at in range(0, len(values), 6)]

    @property
    def updated(self) -> list[tuple[object, ...]]:
        return [bound for statement, bound in self.statements if statement.startswith("UPDATE")]


def seeded(rows: int = 1000, seed: int = 7) -> Recorder:
    recorder = Recorder()
    seed_people(recorder, rows=rows, seed=seed)
    return recorder


def test_same_seed_gives_same_people_and_another_gives_others():
    # when people are generated three times
    one, same, other = seeded(), seeded(), seeded(seed=8)

    # then the seed decides
    assert one.statements == same.statements
    assert one.inserted != other.inserted
    assert one.commits == 1


def test_people_have_ties_and_missing_values():
    # when a thousand people are generated
    people = seeded().inserted

    # then their keys are 1 to 1000, some times are shared, and a few are missing
    assert [person[0] for person in people] == list(range(1, 1001))
    moments = Counter(person[5] for person in people)
    assert moments.pop(None) in range(5, 60)
    assert any(count > 1 for count in moments.values())
    assert any(person[4] is None for person in people)


def test_values_fit_the_table_and_keep_all_digits_of_a_time():
    # when people are generated, then every value fits its column, and times have seven digits
    for _, first, last, email, phone, moment in seeded().inserted:
        assert all(len(str(text)) <= 40 for text in (first, last, phone))
        assert "@example.com" in str(email)
        assert moment is None or len(str(moment)) == len("2026-01-01T00:00:00.1234567")


def test_change_is_later_than_all_before_and_reproducible():
    # given a table of 100 people and their latest time of change
    latest = "2026-03-01T10:11:12.1234567"
    tables = [Recorder(count=100, last=100, latest=latest) for _ in range(2)]

    # when it is changed
    starts = [change_people(table, updated=9, inserted=4) for table in tables]

    # then the requested numbers are changed and added, all of them later, in the same way each time
    table = tables[0]
    assert (len(table.updated), [person[0] for person in table.inserted]) == (9, [101, 102, 103, 104])
    assert all(1 <= identifier <= 100 for *_, identifier in table.updated)
    moments = [str(bound[2]) for bound in table.updated] + [str(person[5]) for person in table.inserted]
    assert min(moments) >= f"{starts[0]:%Y-%m-%dT%H:%M:%S}"
    assert starts[0].replace(tzinfo=None) > datetime.fromisoformat(latest[:19])
    assert table.statements == tables[1].statements


def test_a_second_change_is_another_one():
    # given the same table at two times
    before, after = (Recorder(count=100, last=100, latest=f"2026-0{month}-01T00:00:00") for month in (3, 6))

    # when each is changed
    change_people(before)
    change_people(after)

    # then different people are changed, at later times
    assert [row[3] for row in before.updated] != [row[3] for row in after.updated]


@pytest.mark.parametrize("rows", [1, 299, 300, 301])
def test_as_many_people_are_made_as_asked(rows):
    # when a number is requested, then so many are generated
    assert len(seeded(rows).inserted) == rows
