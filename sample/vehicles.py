"""A vehicles file like a dealer's export: mostly clean, with every kind of dirty row that the platform handles."""

import csv
import io
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mimesis import Text, Transport
from mimesis.locales import Locale

from processing.checking.reasons import NULLABILITY, PRIMARY_KEY, TYPE, column_rule
from processing.readers.csv_exactly import FIELD_COUNT

SEED: Final = 2026
MINIMUM_ROWS: Final = 50
COLUMNS: Final = ("customer_id", "model", "colour", "registration_plate")

# Parts per thousand of the rows. With the two rows of the contested plate and the torn line, about 3 %.
_DUPLICATES: Final = 8
_PADDED: Final = 6
_EMPTY: Final = 6
_WRONG_TYPES: Final = 4
_IMPOSSIBLE_PLATES: Final = 5

_PLACE_LETTERS: Final = "ABCDEFGHJKLMNOPRSTUVWXY"
_RANDOM_LETTERS: Final = "ABCDEFGHJKLMNOPRSTUVWXYZ"
_AGE_IDENTIFIERS: Final = (*range(2, 26), *range(51, 76))
_NO_NUMBERS: Final = ("C-{}", "{}.5", "no. {}", "{}O")


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """Number of rows of each kind in a file, without its header."""

    clean: int
    padded: int
    """Rows that cleansing makes clean by fixing white space and case."""
    duplicates: int
    """Repetitions of clean rows."""
    empty_fields: Mapping[str, int]
    """Rows with one empty or blank field, by column."""
    wrong_types: int
    """Rows whose customer_id is not a whole number."""
    impossible_plates: int
    contested_plates: int
    """Rows that have the same plate and different other values."""
    torn_lines: int
    """Number of incomplete last lines."""

    @property
    def warehouse(self) -> int:
        """Rows expected in the warehouse."""
        return self.clean + self.padded

    @property
    def by_rule(self) -> dict[str, int]:
        """Rows expected in the quarantine, by the only rule that each breaks."""
        empty = {column_rule(column, NULLABILITY): rows for column, rows in self.empty_fields.items()}
        return {
            **empty,
            column_rule("customer_id", TYPE): self.wrong_types,
            "registration_plate_is_current_style": self.impossible_plates,
            PRIMARY_KEY: self.contested_plates,
            FIELD_COUNT: self.torn_lines,
        }

    @property
    def quarantined(self) -> int:
        """Rows expected in the quarantine."""
        return sum(self.by_rule.values())

    @property
    def rows(self) -> int:
        """All rows."""
        return self.warehouse + self.quarantined + self.duplicates


@dataclass(slots=True)
class _Vehicle:
    customer_id: str
    model: str
    colour: str
    registration_plate: str

    def line(self) -> str:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow([getattr(self, column) for column in COLUMNS])
        return buffer.getvalue()


class _Vehicles:
    """Generator of clean vehicles: few models and colours, customers with one or more vehicles, unique plates."""

    def __init__(self, rows: int, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - sample data, the same for the same seed
        transport, text = Transport(seed=seed), Text(Locale.EN, seed=seed)
        self._models = sorted({transport.car() for _ in range(12)})
        self._colours = sorted({text.color() for _ in range(10)})
        self._customers = max(1, rows * 3 // 5)
        self._plates: set[str] = set()

    def make(self, count: int = 1) -> list[_Vehicle]:
        return [
            _Vehicle(
                customer_id=str(self.random.randint(1, self._customers)),
                model=self.random.choice(self._models),
                colour=self.random.choice(self._colours),
                registration_plate=self._new_plate(),
            )
            for _ in range(count)
        ]

    def _new_plate(self) -> str:
        while True:
            letters = "".join(self.random.choices(_PLACE_LETTERS, k=2))
            age = self.random.choice(_AGE_IDENTIFIERS)
            plate = f"{letters}{age:02d}{''.join(self.random.choices(_RANDOM_LETTERS, k=3))}"
            if plate not in self._plates:
                self._plates.add(plate)
                return plate


def write_vehicles(path: Path, rows: int = 10_000, seed: int = SEED) -> SampleSummary:
    """Write a file of vehicles, the same bytes for the same number of rows and seed.

    Args:
        path: file to write; an existing file is replaced.
        rows: number of rows below the header, clean and dirty.
        seed: seed of the random numbers; another seed gives other vehicles.

    Returns:
        The number of rows of each kind, which determines the platform's result.

    Raises:
        ValueError: the number of rows is too small for every kind of dirty row.
    """
    if rows < MINIMUM_ROWS:
        raise ValueError(f"a sample of {rows} rows cannot hold every kind of dirty row; ask for {MINIMUM_ROWS} or more")
    vehicles = _Vehicles(rows, seed)
    padded = [_padded(vehicle, vehicles.random) for vehicle in vehicles.make(_share(rows, _PADDED))]
    empty_fields, empty = _with_empty_fields(vehicles, _share(rows, _EMPTY))
    wrong_types = _with_wrong_types(vehicles, _share(rows, _WRONG_TYPES))
    impossible = _with_impossible_plates(vehicles, _share(rows, _IMPOSSIBLE_PLATES))
    contested = _contested(vehicles)
    torn = vehicles.make()[0].line()[:-12]
    duplicates = _share(rows, _DUPLICATES)
    dirty = [*padded, *empty, *wrong_types, *impossible, *contested]
    clean = vehicles.make(rows - len(dirty) - duplicates - 1)
    lines = [vehicle.line() for vehicle in (*clean, *vehicles.random.sample(clean, duplicates), *dirty)]
    vehicles.random.shuffle(lines)
    path.write_bytes("".join([",".join(COLUMNS) + "\n", *lines, torn]).encode())
    return SampleSummary(
        clean=len(clean),
        padded=len(padded),
        duplicates=duplicates,
        empty_fields=empty_fields,
        wrong_types=len(wrong_types),
        impossible_plates=len(impossible),
        contested_plates=len(contested),
        torn_lines=1,
    )


def _share(rows: int, per_thousand: int) -> int:
    return max(1, rows * per_thousand // 1000)


def _padded(vehicle: _Vehicle, source: random.Random) -> _Vehicle:
    plate = vehicle.registration_plate
    return _Vehicle(
        customer_id=f" {vehicle.customer_id} ",
        model=f"{vehicle.model.replace(' ', '  ')}  ",
        colour=source.choice((vehicle.colour.upper(), f"\t{vehicle.colour}", f" {vehicle.colour.lower()} ")),
        registration_plate=source.choice((f"{plate[:4]} {plate[4:]}", f" {plate.lower()}", f"{plate[:4]}-{plate[4:]}")),
    )


def _with_empty_fields(vehicles: _Vehicles, count: int) -> tuple[dict[str, int], list[_Vehicle]]:
    made = vehicles.make(count)
    columns = [vehicles.random.choice(COLUMNS) for _ in made]
    for vehicle, column in zip(made, columns, strict=True):
        setattr(vehicle, column, vehicles.random.choice(("", "   ")))
    return dict(sorted(Counter(columns).items())), made


def _with_wrong_types(vehicles: _Vehicles, count: int) -> list[_Vehicle]:
    made = vehicles.make(count)
    for vehicle in made:
        vehicle.customer_id = vehicles.random.choice(_NO_NUMBERS).format(vehicle.customer_id)
    return made


def _with_impossible_plates(vehicles: _Vehicles, count: int) -> list[_Vehicle]:
    made = vehicles.make(count)
    for vehicle in made:
        # Both keep the plates unique, so each of these rows breaks one rule only.
        plate = vehicle.registration_plate
        vehicle.registration_plate = vehicles.random.choice((plate[::-1], plate[2:] + plate[:2]))
    return made


def _contested(vehicles: _Vehicles) -> list[_Vehicle]:
    """Return two rows that assign one plate to different customers."""
    one, other = vehicles.make(2)
    other.registration_plate = one.registration_plate
    other.customer_id = f"{one.customer_id}1"
    return [one, other]
