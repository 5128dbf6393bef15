"""The linter for phrasings: the same or nearly the same words under two labels, too few or too uniform ones, forbidden marks,
overlap with held-out questions. `check_phrasings` looks at all of them; a `PhrasingIndex` at one that is being written."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from bot.text import squash
from bot.training.phrasing_similarity import Resemblance, distinct_share
from bot.training.phrasings import Phrasing

LEAST = 40
NEAR = 0.75  # share of common character 3-grams from which a phrasing nearly repeats a held-out question
NEAR_OTHER = 0.88  # similarity from which two phrasings under different labels differ in nothing that tells
UNIFORM = 0.3  # mean similarity of a service's phrasings from which they are one sentence over and over
DISTINCT = 0.65  # least share of character pairs that only one of a service's phrasings has
ELSEWHERE_FROM, OWN_BELOW = 0.8, 0.1  # probabilities from which the model is sure of another label than the phrasing's
Rank = Callable[[str], dict[str, float]]


@dataclass(frozen=True)
class Finding:
    """What is wrong. kind: markup, service, label, near, few, uniform, heldout, elsewhere. text: the phrasing, "" for a service.

    other: what it collides with: services for label, «service: phrasing» for near, the question for heldout, the number of
    phrasings for few, the measure for uniform, the label and its probability for elsewhere.
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
            "near": f"«{self.text[:40]}» ({self.service}) is nearly «{self.other[:60]}»",
            "few": f"service {self.service}: {self.other} phrasings, at least {LEAST} are needed",
            "uniform": f"service {self.service}: its phrasings are too much alike ({self.other})",
            "elsewhere": f"{self.file}: «{self.text[:40]}» ({self.service}): the model says {self.other}",
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
    index = PhrasingIndex(phrasings)
    return [*findings, *index.near_duplicates(), *index.uniform(services), *_overlaps(by_text, heldout)]


def label_of(phrasing: Phrasing) -> str:
    """Return what a phrasing teaches: its service, "context" for a bare follow-up, else its intent."""
    return phrasing.service or phrasing.intent


class PhrasingIndex:
    """All phrasings, ready to be compared with; building it takes seconds, a question to it milliseconds."""

    def __init__(self, phrasings: list[Phrasing]):
        self._phrasings = phrasings
        self._resemblance = Resemblance([phrasing.text for phrasing in phrasings])

    def near_duplicates(self) -> list[Finding]:
        """Return the pairs under different labels that say nearly the same; acts of dialogue may (「是」 and 「不是」)."""
        found = []
        for pair in self._resemblance.pairs([label_of(phrasing) for phrasing in self._phrasings], NEAR_OTHER):
            one, other = self._phrasings[pair.first], self._phrasings[pair.second]
            if is_matter(one) and is_matter(other) and squash(one.text) != squash(other.text):
                found.append(_near(one, other))
        return found

    def uniform(self, services: set[str]) -> list[Finding]:
        """Return the services whose phrasings vary too little."""
        numbers = defaultdict(list)
        for number, phrasing in enumerate(self._phrasings):
            if phrasing.service in services:
                numbers[str(phrasing.service)].append(number)
        found = []
        for service, own in sorted(numbers.items()):
            alike = self._resemblance.uniformity(own)
            distinct = distinct_share(self._phrasings[number].text for number in own)
            if len(own) >= LEAST and (alike >= UNIFORM or distinct <= DISTINCT):
                found.append(Finding("uniform", service, "", f"mean similarity {alike:.2f}, distinct pairs {distinct:.0%}"))
        return found

    def check(self, phrasing: Phrasing, heldout: list[str], *, rank: Optional[Rank] = None) -> list[Finding]:
        """Return the findings for one phrasing, new or edited, in milliseconds.

        What stands with the same label and words is taken for its own old self. rank: the loaded model's ranking of labels.
        """
        found = []
        if set(phrasing.text) & set("[]{}()\\"):
            found.append(Finding("markup", phrasing.service, phrasing.text, "", phrasing.file))
        for number, similarity in self._resemblance.nearest(phrasing.text):
            other = self._phrasings[number]
            if label_of(other) == label_of(phrasing) or similarity < NEAR_OTHER:
                continue
            if squash(other.text) == squash(phrasing.text):
                labels = " and ".join(sorted((label_of(phrasing), label_of(other))))
                found.append(Finding("label", phrasing.service, phrasing.text, labels))
            elif is_matter(phrasing) and is_matter(other):
                found.append(_near(phrasing, other))
        found += _overlaps({squash(phrasing.text): [phrasing]}, heldout)
        elsewhere = put_elsewhere(phrasing, rank(phrasing.text)) if rank and is_matter(phrasing) else None
        return [*found, elsewhere] if elsewhere else found


def put_elsewhere(phrasing: Phrasing, ranking: dict[str, float]) -> Optional[Finding]:
    """Return a finding if a model that has not seen the phrasing is sure of another label."""
    label = label_of(phrasing)
    best = max(ranking, key=ranking.__getitem__)
    if best == label or ranking[best] < ELSEWHERE_FROM or ranking.get(label, 0.0) >= OWN_BELOW:
        return None
    return Finding("elsewhere", phrasing.service, phrasing.text, f"{best} {ranking[best]:.2f}", phrasing.file)


def is_matter(phrasing: Phrasing) -> bool:
    """Tell whether a phrasing is about some matter, ours or not, and no mere act of dialogue."""
    return phrasing.service is not None or phrasing.intent == "out_of_scope"


def _near(one: Phrasing, other: Phrasing) -> Finding:
    return Finding("near", one.service, one.text, f"{label_of(other)}: {other.text}", one.file)


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
