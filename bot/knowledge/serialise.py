"""An item as JSON for /api/items/{id}: everything that the source says of it."""

from __future__ import annotations

from typing import Any

from bot.knowledge.queries import Knowledge
from bot.knowledge.view import ItemView, Requirement


def item_as_json(item: ItemView, knowledge: Knowledge) -> dict[str, Any]:
    """Return the whole item: names, agency, steps, materials with their conditions, legal basis, contacts, notes, source."""

    def of(section: str) -> list[dict[str, Any]]:
        return [_statement(r) for r in item.requirements if r.section == section]

    return {
        "id": item.id,
        "name": item.name,
        "aliases": list(item.aliases),
        "jurisdiction": {"id": item.jurisdiction, "name": knowledge.jurisdictions[item.jurisdiction].name},
        "services": [{"id": service, "name": knowledge.services[service]} for service in item.services],
        "category": item.category,
        "agency": list(item.agency),
        "boundary": list(item.boundary),
        "depth": item.depth,
        "plan": item.plan,
        "extension": item.extension,
        "situations": [{"id": s.id, "name": s.name} for s in item.situations],
        "materials": of("materials"),
        "steps": of("steps"),
        "duties": of("duties"),
        "eligibility": of("eligibility"),
        "remarks": of("remarks"),
        "legal_basis": [s.text for s in item.legal_basis],
        "contacts": [{"kind": c.kind, "label": c.label, "value": c.value} for c in item.contacts],
        "flow": item.flow,
        "notes": list(item.notes),
        "source": {"document": item.document, "section": item.section},
    }


def _statement(requirement: Requirement) -> dict[str, Any]:
    return {
        "text": requirement.text,
        "heading": requirement.heading,
        "applicants": sorted(requirement.applicants),
        "situations": sorted(requirement.situations),
    }
