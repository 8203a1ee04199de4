"""The table of all ways, as Markdown: what `python -m init escalations` prints and docs/escalations.md shows."""

from collections.abc import Iterator, Sequence
from typing import Final

from init.escalations.growth import GROWTHS
from init.escalations.judge import Keys, Role
from init.escalations.reach import REACHES, Reach
from init.names import Names

EXAMPLE: Final = Names("acme-state", "eu-west-1", "123456789012", "acme/data-platform")
"""The account that the ways are tried in: a policy is the same in each, but for the names."""
DENIED: Final = "denied"
_OWN, _OTHER = "dev", "prod"


def page(names: Names = EXAMPLE) -> str:
    """Both tables."""
    return "\n".join(
        [
            "## Gain rights",
            "",
            "| who | what | actions | verdict |",
            "|---|---|---|---|",
            *(f"| {who} | {what} | {_code(actions)} | {verdict} |" for who, what, actions, verdict in _growths(names)),
            "",
            "## Reach prod",
            "",
            "| who | what | actions | on dev's | on prod's |",
            "|---|---|---|---|---|",
            *(
                f"| {who} | {what} | {_code(actions)} | {own} | {other} |"
                for who, what, actions, own, other in _reaches(names)
            ),
            "",
            f"Open: {len(open_ways(names))}",
        ]
    )


def open_ways(names: Names = EXAMPLE) -> list[str]:
    """What is not denied and should be."""
    grown = [f"{who}: {what}" for who, what, _, verdict in _growths(names) if verdict != DENIED]
    reached = [f"{who}: {what} of prod" for who, what, _, _, other in _reaches(names) if other != DENIED]
    return grown + reached


def _growths(names: Names) -> Iterator[tuple[str, str, Sequence[str], str]]:
    for each in GROWTHS:
        keys = {key: _filled(value, names, _OWN) for key, value in each.keys.items()}
        verdict = _verdict(each.role, names, each.actions, _filled(each.resource, names, _OWN), keys)
        yield each.role.title, each.what, each.actions, verdict


def _reaches(names: Names) -> Iterator[tuple[str, str, Sequence[str], str, str]]:
    for each in REACHES:
        for role in each.roles:
            own, other = (_reached(role, names, each, stack) for stack in (_OWN, _OTHER))
            yield role.title, each.what, each.actions, own, other


def _reached(role: Role, names: Names, way: Reach, stack: str) -> str:
    keys = {key: _filled(value, names, stack) for key, value in way.keys.items()}
    if way.tagged:
        keys["aws:ResourceTag/stack"] = stack
    return _verdict(role, names, way.actions, _filled(way.resource, names, stack), keys)


def _verdict(role: Role, names: Names, actions: Sequence[str], resource: str, keys: Keys) -> str:
    judged = role.judged(names)
    allowed = [action for action in actions if judged.may(action, resource, keys)]
    if not allowed:
        return DENIED
    return "allowed" if len(allowed) == len(actions) else f"allowed: {_code(allowed)}"


def _filled(text: str, names: Names, stack: str) -> str:
    return text.format(account=names.account, region=names.region, stack=stack)


def _code(actions: Sequence[str]) -> str:
    return ", ".join(f"`{action}`" for action in actions)
