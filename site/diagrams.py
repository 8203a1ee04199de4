"""Draws the diagrams of the documentation as SVG files in docs/diagrams: `make diagrams`.

A diagram is a list of what it shows. Readers and sites need no renderer, and nothing comes from the network.
"""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs/diagrams"

BOX_WIDTH: Final = 176
BOX_HEIGHT: Final = 56
COLUMN: Final = 316
"""Pixels from one column of boxes to the next; the arrows' labels are between them."""
ROW: Final = 92
MARGIN: Final = 24
LIFELINE: Final = 176
"""Pixels from one participant of a sequence to the next."""
STEP: Final = 44
STYLE: Final = """\
text { font: 14px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2933; text-anchor: middle; }
.small { font-size: 12px; fill: #52606d; }
.label { font-size: 12px; fill: #52606d; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; }
.sheet { fill: #ffffff; stroke: #cbd2d9; }
.source { fill: #fff3c4; stroke: #cb6e17; }
.store { fill: #e0f0ff; stroke: #2f6fa7; }
.reader { fill: #e3f9e5; stroke: #2f8132; }
.line { fill: none; stroke: #52606d; stroke-width: 1.5; }
.life { stroke: #9aa5b1; stroke-dasharray: 4 4; }
.frame { fill: none; stroke: #9aa5b1; }"""
HEAD: Final = (
    '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
    'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="#52606d"/></marker></defs>'
)


class Box(NamedTuple):
    """What has data or gives it: at a column and a row, which may lie between two."""

    column: float
    row: float
    title: str
    detail: str
    kind: str


class Arrow(NamedTuple):
    """What moves from one box to another, and how."""

    start: str
    end: str
    label: str = ""


class Message(NamedTuple):
    """What one participant of a sequence does to another, or to itself."""

    start: str
    end: str
    text: str


class Loop(NamedTuple):
    """Messages that are repeated, and for what."""

    text: str
    messages: Sequence[Message]


FLOW: Final = (
    (
        Box(0, 0, "SFTP server", "files", "source"),
        Box(0, 1, "SQL Server", "tables", "source"),
        Box(0, 2, "POST /events", "events", "source"),
        Box(1, 1, "inbound/", "as delivered", "store"),
        Box(2, 0, "published tables", "current rows, Iceberg", "store"),
        Box(2, 1, "warehouse/", "clean rows, all history", "store"),
        Box(2, 2, "quarantine/", "refused rows, with rules", "store"),
        Box(3, 0, "mart/{team}/reports/", "parquet and CSV", "store"),
        Box(3, 1, "analysts", "of granted datasets", "reader"),
        Box(4, 0, "the team's role", "only its own", "reader"),
    ),
    (
        Arrow("SFTP server", "inbound/", "schedule, Lambda"),
        Arrow("SQL Server", "inbound/", "schedule, Fargate"),
        Arrow("POST /events", "inbound/", "API, SQS, Lambda"),
        Arrow("inbound/", "warehouse/", "Glue: check"),
        Arrow("inbound/", "quarantine/"),
        Arrow("warehouse/", "published tables", "merge"),
        Arrow("published tables", "mart/{team}/reports/", "Glue: mart"),
        Arrow("published tables", "analysts"),
        Arrow("mart/{team}/reports/", "the team's role"),
    ),
)

PARTICIPANTS: Final = ("Scheduler", "Collector", "SFTP server", "Ledger", "Bucket", "Workflow", "Team")
COLLECTION: Final[Sequence[Message | Loop]] = (
    Message("Scheduler", "Collector", "start for a dataset"),
    Message("Collector", "SFTP server", "list the directory"),
    Loop(
        "each matching file, oldest first",
        (
            Message("Collector", "Ledger", "claim this version"),
            Message("Ledger", "Collector", "key, token and lease; or already collected"),
            Message("Collector", "SFTP server", "read, in parallel"),
            Message("Collector", "Ledger", "renew the claim"),
            Message("Collector", "Bucket", "put inbound/{dataset}/YYYY/MM/DD/{file}"),
            Message("Collector", "Ledger", "complete, fenced by token"),
        ),
    ),
    Message("Bucket", "Workflow", "new objects, batched"),
    Message("Workflow", "Bucket", "refused, then clean rows"),
    Message("Workflow", "Bucket", "merge into tables/"),
    Message("Workflow", "Bucket", "reports"),
    Message("Team", "Bucket", "read mart/{team}/reports/"),
)


def flow(boxes: Sequence[Box], arrows: Sequence[Arrow], title: str) -> str:
    """A diagram of boxes, from left to right."""
    places = {box.title: box for box in boxes}
    width = MARGIN * 2 + max(box.column for box in boxes) * COLUMN + BOX_WIDTH
    height = MARGIN * 2 + max(box.row for box in boxes) * ROW + BOX_HEIGHT
    lines = [line for arrow in arrows for line in _arrow(places[arrow.start], places[arrow.end], arrow.label)]
    return _svg(title, width, height, [*lines, *(line for box in boxes for line in _box(box))])


def sequence(participants: Sequence[str], steps: Sequence[Message | Loop], title: str) -> str:
    """A diagram of messages in the order of time, downwards."""
    lines: list[str] = []
    y = MARGIN + 76.0
    for step in steps:
        messages = step.messages if isinstance(step, Loop) else [step]
        if isinstance(step, Loop):
            columns = [participants.index(name) for each in messages for name in (each.start, each.end)]
            left, right = _life(min(columns)) - 70, _life(max(columns)) + 30
            deep = STEP * len(messages) + 22
            lines.append(
                f'<rect class="frame" x="{left:g}" y="{y - 26:g}" width="{right - left:g}" height="{deep:g}" rx="6"/>'
            )
            lines.append(_text(left + 8, y - 9, f"for {step.text}", "small", anchor="start"))
            y += 22
        for each in messages:
            lines += _message(participants.index(each.start), participants.index(each.end), y, each.text)
            y += STEP
        y += 12 if isinstance(step, Loop) else 0
    height = y - STEP + MARGIN + 12
    heads = [
        part
        for column, name in enumerate(participants)
        for part in (
            (
                f'<line class="life" x1="{_life(column):g}" y1="{MARGIN + 36}" x2="{_life(column):g}" '
                f'y2="{height - MARGIN:g}"/>'
            ),
            f'<rect class="store" x="{_life(column) - 64:g}" y="{MARGIN}" width="128" height="36" rx="6"/>',
            _text(_life(column), MARGIN + 23, name),
        )
    ]
    return _svg(title, _life(len(participants) - 1) + 64 + MARGIN, height, [*heads, *lines])


def drawn() -> dict[str, str]:
    """Each diagram's text by its file's name."""
    return {
        "flow.svg": flow(*FLOW, "From the sources to the teams' reports"),
        "collection.svg": sequence(PARTICIPANTS, COLLECTION, "From a file on a partner's server to a team's report"),
    }


def _life(column: int) -> float:
    return MARGIN + 64 + column * LIFELINE


def _box(box: Box) -> Iterator[str]:
    x, y = MARGIN + box.column * COLUMN, MARGIN + box.row * ROW
    yield f'<rect class="{box.kind}" x="{x:g}" y="{y:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
    yield _text(x + BOX_WIDTH / 2, y + 24, box.title)
    yield _text(x + BOX_WIDTH / 2, y + 43, box.detail, "small")


def _arrow(start: Box, end: Box, label: str) -> Iterator[str]:
    x1, y1 = MARGIN + start.column * COLUMN + BOX_WIDTH, MARGIN + start.row * ROW + BOX_HEIGHT / 2
    x2, y2 = MARGIN + end.column * COLUMN, MARGIN + end.row * ROW + BOX_HEIGHT / 2
    if start.column == end.column:
        x, up = MARGIN + start.column * COLUMN + BOX_WIDTH / 2, start.row > end.row
        begin, finish = MARGIN + start.row * ROW, MARGIN + end.row * ROW
        begin, finish = (begin, finish + BOX_HEIGHT) if up else (begin + BOX_HEIGHT, finish)
        yield f'<path class="line" d="M{x:g} {begin:g}V{finish:g}" marker-end="url(#head)"/>'
        yield _text(x + 26, (begin + finish) / 2 + 5, label, "label")
        return
    # The label is above the level part, which leaves the start's box.
    path = f"M{x1:g} {y1:g}H{x2 - 20:g}L{x2:g} {y2:g}" if y1 != y2 else f"M{x1:g} {y1:g}H{x2:g}"
    yield f'<path class="line" d="{path}" marker-end="url(#head)"/>'
    if label:
        yield _text((x1 + x2) / 2 - 8, y1 - 7, label, "label")


def _message(start: int, end: int, y: float, text: str) -> Iterator[str]:
    x1, x2 = _life(start), _life(end)
    yield f'<line class="line" x1="{x1:g}" y1="{y:g}" x2="{x2:g}" y2="{y:g}" marker-end="url(#head)"/>'
    yield _text((x1 + x2) / 2, y - 7, text, "label")


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "") -> str:
    attributes = (f' class="{kind}"' if kind else "") + (f' style="text-anchor: {anchor}"' if anchor else "")
    return f'<text{attributes} x="{x:g}" y="{y:g}">{escape(text)}</text>'


def _svg(title: str, width: float, height: float, lines: Sequence[str]) -> str:
    body = "\n".join(lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE}\n</style>\n{HEAD}\n"
        f'<rect class="sheet" x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" rx="8"/>\n'
        f"{body}\n</svg>\n"
    )


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in drawn().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
