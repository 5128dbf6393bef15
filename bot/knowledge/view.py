"""What the rest of the project sees of the knowledge base: frozen values, no database objects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Optional

from bot.text import squash

APPLICANTS = ("self", "agent", "unit")


@dataclass(frozen=True)
class Requirement:
    """One statement of an item. Empty applicants or situations: it holds for everyone, in every situation."""

    section: str
    branch: int
    text: str
    about: frozenset[str]
    heading: Optional[str]
    applicants: frozenset[str]
    situations: frozenset[str]

    def holds(self, applicant: Optional[str], situations: frozenset[str]) -> bool:
        """Tell whether it may apply: what is not known (None, empty set) excludes nothing."""
        if applicant and self.applicants and applicant not in self.applicants:
            return False
        return not (situations and self.situations) or bool(situations & self.situations)


@dataclass(frozen=True)
class Situation:
    id: str
    name: str
    phrases: tuple[str, ...]


@dataclass(frozen=True)
class Contact:
    kind: str
    label: str
    value: str


@dataclass(frozen=True)
class Jurisdiction:
    id: str
    name: str
    short: str
    names: tuple[str, ...]
    hints: tuple[str, ...]
    hotline: str


@dataclass(frozen=True)
class ItemView:
    """An item with all that belongs to it; `requirements` and `legal_basis` in the order of the source."""

    id: str
    name: str
    aliases: tuple[str, ...]
    jurisdiction: str
    services: tuple[str, ...]
    category: Optional[str]
    agency: tuple[str, ...]
    boundary: tuple[str, ...]
    depth: Optional[str]
    plan: Optional[str]
    extension: Optional[str]
    situations: tuple[Situation, ...]
    requirements: tuple[Requirement, ...]
    legal_basis: tuple[Requirement, ...]
    contacts: tuple[Contact, ...]
    flow: Optional[dict]
    notes: tuple[str, ...]
    document: str
    section: str

    @cached_property
    def spelt(self) -> str:
        """Its name and aliases, squashed, with a bar between them."""
        return "|".join(squash(name) for name in (self.name, *self.aliases))

    @cached_property
    def pairs(self) -> frozenset[str]:
        """All pairs of characters that stand side by side in its names and in what the source says of it."""
        texts = [s.text for s in self.requirements] + [s.text for s in self.legal_basis if s.about]
        own = squash("".join((self.name, *self.aliases, *texts)))
        return frozenset(own[i : i + 2] for i in range(len(own) - 1))

    def statements(self, aspect: str) -> tuple[Requirement, ...]:
        """Return what the source says on `aspect`: the statements of its section and those marked as about it."""
        return tuple(s for s in self.requirements + self.legal_basis if SECTION.get(s.section) == aspect or aspect in s.about)

    def phone_numbers(self) -> tuple[Contact, ...]:
        return tuple(contact for contact in self.contacts if contact.kind == "phone")


SECTION = {
    "materials": "materials",
    "steps": "process",
    "duties": "process",
    "eligibility": "eligibility",
    "legal_basis": "legal_basis",
}
