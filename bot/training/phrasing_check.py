"""The linter for phrasings: duplicates across services, too few, forbidden marks, overlap with held-out questions."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from bot.text import squash
from bot.training.phrasings import Phrasing

LEAST = 40
NEAR = 0.75  # share of common character 3-grams from which two phrasings are near duplicates


@dataclass(frozen=True)
class Finding:
    """What is wrong. kind: markup, service, label, few or heldout. text: the phrasing, "" where a whole service is meant.

    other: what it collides with: services for label, the question for heldout, the number of phrasings for few.
    """

    kind: str
    service: Optional[str]
    text: str
    other: str
    file: Optional[Path] = None

    def __str__(self) -> str:
        spelt = {
            "markup": f"{self.file}: «{self.text[:40]}»: brackets and backslashes are markup",
            "service": f"{self.file}: service «{self.service}» is not in services.yml",
            "label": f"«{self.text[:40]}» stands under {self.other}",
            "few": f"service {self.service}: {self.other} phrasings, at least {LEAST} are needed",
            "heldout": f"held-out «{self.other[:40]}» is (nearly) the phrasing «{self.text[:40]}»",
        }
        return spelt[self.kind]


def check_phrasings(phrasings: list[Phrasing], services: set[str], heldout: list[str]) -> list[Finding]:
    """Return the findings; [] if all is well.

    services: ids of the catalog. heldout: questions that must not be in the training data, nor nearly.
    """
    findings = []
    by_text: dict[str, list[Phrasing]] = defaultdict(list)
    for phrasing in phrasings:
        by_text[squash(phrasing.text)].append(phrasing)
        if set(phrasing.text) & set("[]{}()\\"):
            findings.append(Finding("markup", phrasing.service, phrasing.text, "", phrasing.file))
        if phrasing.service not in services | {None, "context"}:
            findings.append(Finding("service", phrasing.service, phrasing.text, "", phrasing.file))
    for same in by_text.values():
        labels = {(p.service, p.intent if p.service is None else "") for p in same}
        if len(labels) > 1:
            others = " and ".join(sorted(str(s or i) for s, i in labels))
            findings += [Finding("label", p.service, p.text, others) for p in same[:1]]
    counts = Counter(p.service for p in phrasings if p.service)
    findings += [Finding("few", s, "", str(counts[s])) for s in sorted(services) if counts[s] < LEAST]
    return findings + _overlaps(by_text, heldout)


def _overlaps(by_text: dict[str, list[Phrasing]], heldout: list[str]) -> list[Finding]:
    """Return the held-out questions that a phrasing repeats or nearly repeats."""
    index: dict[str, set[int]] = defaultdict(set)
    texts = list(by_text)
    grams = [_grams(text) for text in texts]
    for number, own in enumerate(grams):
        for gram in own:
            index[gram].add(number)
    findings = []
    for question in heldout:
        own = _grams(squash(question))
        if len(own) < 4:
            continue
        common = Counter(number for gram in own for number in index.get(gram, ()))
        for number, shared in common.most_common(1):
            if shared / len(own | grams[number]) >= NEAR:
                phrasing = by_text[texts[number]][0]
                findings.append(Finding("heldout", phrasing.service, phrasing.text, question))
    return findings


def _grams(text: str) -> set[str]:
    return {text[start : start + 3] for start in range(len(text) - 2)}


def read_heldout(folder: Path) -> list[str]:
    """Return the questions of the held-out set under `folder`."""
    found = []
    for name in ("questions.jsonl", "out_of_scope.jsonl"):
        path = folder / name
        if path.exists():
            found += [json.loads(line)["q"] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return found
