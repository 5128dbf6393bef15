"""What the pipeline takes from knowledge/ and data/lexicon: words to segment by, phrases to look for. No Rasa here."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import yaml

from bot.knowledge.catalog import load
from bot.nlu.item_texts import item_documents
from bot.nlu.lexicon import read_lexicon


def catalog_words(knowledge: Path, lexicon: Path) -> list[str]:
    """Return the words that jieba must not cut: 2 to 8 characters, from knowledge/ and data/lexicon."""
    catalog = load(knowledge)
    phrases = [name for place in catalog.jurisdictions for name in place.names]
    for item in catalog.items:
        phrases += [item.name, *item.aliases]
    phrases += [service.name for service in catalog.services]
    words = {word for phrase in phrases for word in re.findall(r"[\u4e00-\u9fff]+", phrase)}
    for everyday, official in read_lexicon(lexicon).items():
        words |= {everyday, official}
    return sorted(word for word in words if 2 <= len(word) <= 8)


def catalog_phrases(knowledge: Path, lexicon: Path) -> list[tuple[str, str, str]]:
    """Return (label, value, phrase) of all that is looked for."""
    places = yaml.safe_load((knowledge / "jurisdictions.yml").read_text(encoding="utf-8"))
    found = [("jurisdiction", p["id"], name.lower()) for p in places for name in (p["name"], *p["names"])]
    found += [("jurisdiction_hint", p["id"], hint) for p in places for hint in p.get("hints", ())]
    documents = lexicon / "documents.txt"
    if documents.exists():
        words = re.findall(r"\S+", documents.read_text(encoding="utf-8"))
        found += [("document", word, word) for word in words]
    return found


def knowledge_digest(knowledge: Path, lexicon: Path) -> str:
    """Return a hash of all that a training takes from the two folders: no phone number, note, office or law is among it.

    Raises KnowledgeError for wrong YAML.
    """
    taken = (catalog_words(knowledge, lexicon / "everyday.yml"), catalog_phrases(knowledge, lexicon), item_documents(knowledge))
    return hashlib.sha256(repr(taken).encode()).hexdigest()
