"""The linter for phrasings: duplicates across services, too few, forbidden marks, overlap with held-out questions."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

from bot.text import squash
from bot.training.phrasings import Phrasing

LEAST = 40
NEAR = 0.75  # share of common character 3-grams from which two phrasings are near duplicates


def check_phrasings(phrasings: list[Phrasing], services: set[str], heldout: list[str]) -> list[str]:
    """Return one line a finding; [] if all is well.

    services: ids of the catalog. heldout: questions that must not be in the training data, nor nearly.
    """
    findings = []
    by_text: dict[str, list[Phrasing]] = defaultdict(list)
    for phrasing in phrasings:
        by_text[squash(phrasing.text)].append(phrasing)
        if set(phrasing.text) & set("[]{}()\\"):
            findings.append(f"{phrasing.file}: «{phrasing.text[:40]}»: brackets and backslashes are markup")
        if phrasing.service not in services | {None, "context"}:
            findings.append(f"{phrasing.file}: service «{phrasing.service}» is not in services.yml")
    for same in by_text.values():
        labels = {(p.service, p.intent if p.service is None else "") for p in same}
        if len(labels) > 1:
            findings.append(f"«{same[0].text[:40]}» stands under {' and '.join(sorted(str(s or i) for s, i in labels))}")
    counts = Counter(p.service for p in phrasings if p.service)
    findings += [f"service {s}: {counts[s]} phrasings, at least {LEAST} are needed" for s in sorted(services) if counts[s] < LEAST]
    return findings + _overlaps(list(by_text), heldout)


def _overlaps(texts: list[str], heldout: list[str]) -> list[str]:
    """Return the held-out questions that a phrasing repeats or nearly repeats."""
    index: dict[str, set[int]] = defaultdict(set)
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
                findings.append(f"held-out «{question[:40]}» is (nearly) the phrasing «{texts[number][:40]}»")
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
