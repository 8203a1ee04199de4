"""Permissions that no call of a local run needs, each with the reason why it is there all the same."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unexercised:
    """Some actions of a role's statement. "*" stands for any role."""

    role: str
    statement: str
    actions: tuple[str, ...]
    reason: str

    def covers(self, role: str, statement: str, action: str) -> bool:
        return self.role in {"*", role} and self.statement == statement and action in self.actions


UNEXERCISED: tuple[Unexercised, ...] = ()


def is_listed(role: str, statement: str, action: str) -> bool:
    return any(entry.covers(role, statement, action) for entry in UNEXERCISED)
