"""Add, edit, move and delete phrasings in the files under data/nlu, which are the record.

Every batch is checked whole before the first byte is written; a batch that fails changes nothing. A phrasing that was
changed or removed meanwhile raises ConflictError: the later of two trainers is told, the earlier one's words stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

from bot.errors import KnowledgeError, RequestError
from bot.files import locked, write
from bot.text import MASK, fold, mask, squash
from bot.training.phrasing_file import HEAD, ORDER, Label, PhrasingFile
from bot.training.phrasings import parse

LONGEST = 500  # characters of a phrasing
MARKUP = "[]{}()\\"  # Rasa reads these as annotations
_SERVICES = "services"


class ConflictError(RequestError):
    """Somebody else changed what is being changed. `about`: the phrasing that is no longer there."""

    status = 409

    def __init__(self, message: str, about: Located):
        super().__init__(message)
        self.about = about


class AlreadyThereError(RequestError):
    """The same words stand somewhere already. `text`: the new ones. `other`: what stands there."""

    status = 409

    def __init__(self, message: str, text: str, other: Located):
        super().__init__(message)
        self.text, self.other = text, other


@dataclass(frozen=True)
class Located:
    """A phrasing and where it stands."""

    label: Label
    text: str


@dataclass(frozen=True)
class Add:
    label: Label
    text: str


@dataclass(frozen=True)
class Replace:
    """Change the words, the label, or both."""

    old: Located
    new: Located


@dataclass(frozen=True)
class Delete:
    old: Located


Edit = Union[Add, Replace, Delete]


@dataclass(frozen=True)
class Change:
    """What an edit did: before is None for an addition, after for a deletion."""

    before: Optional[Located]
    after: Optional[Located]


def tidy(text: str) -> str:
    """Return `text` as it may stand in a file: one line, without masked numbers and without the characters of markup."""
    plain = fold(text.replace(MASK, "")).translate({ord(c): " " for c in MARKUP})
    return " ".join(plain.split()).lstrip("-/ ").strip()


def apply(folder: Path, edits: list[Edit], services: set[str]) -> list[Change]:
    """Do all edits or none; return what changed, in their order.

    folder: data/nlu. services: ids of the catalog. Raises ConflictError if a phrasing to change is not there any more,
    RequestError for words or a label that cannot stand, BusyError if another writer takes too long.
    """
    with locked(folder):
        session = _Session(folder, services)
        changes = [session.do(edit) for edit in edits]
        session.save()
    return changes


class _Session:
    """The files as they will be; nothing is written before `save`."""

    def __init__(self, folder: Path, services: set[str]):
        self._folder, self._services = folder, services
        self._files: dict[Path, PhrasingFile] = {}
        self._before: dict[Path, str] = {}
        self._taken: dict[str, Located] = {}
        for path in sorted(folder.rglob("*.yml")):
            text = path.read_text(encoding="utf-8")
            try:
                self._files[path] = file = PhrasingFile(text)
            except KnowledgeError as error:
                raise KnowledgeError(f"{path}: {error}") from error
            self._before[path] = text
            for label in file.labels():
                for phrasing in file.phrasings(label):
                    self._taken.setdefault(squash(phrasing), Located(label, phrasing))
        self._intents = {label.intent for file in self._files.values() for label in file.labels()}

    def do(self, edit: Edit) -> Change:
        if isinstance(edit, Add):
            new = self._checked(Located(edit.label, edit.text), replacing=None)
            self._file_of(new.label).add(new.label, new.text)
            self._taken[squash(new.text)] = new
            return Change(None, new)
        path = self._path_of(edit.old)
        if isinstance(edit, Delete):
            self._files[path].remove(edit.old.label, edit.old.text)
            self._forget(edit.old)
            return Change(edit.old, None)
        new = self._checked(edit.new, replacing=edit.old)
        if new.label == edit.old.label:
            self._files[path].replace(new.label, edit.old.text, new.text)
        else:
            self._file_of(new.label).add(new.label, new.text)
            self._files[path].remove(edit.old.label, edit.old.text)
        self._forget(edit.old)
        self._taken[squash(new.text)] = new
        return Change(edit.old, new)

    def save(self) -> None:
        """Write what changed, files that gained words first: a crash between two files loses none. Raises RequestError."""
        changed = [path for path, file in self._files.items() if file.text != self._before.get(path)]
        for path in changed:
            _check_readable(path, self._files[path])
        for path in sorted(changed, key=lambda path: len(self._before.get(path, "")) - len(self._files[path].text)):
            text = self._files[path].text
            if text.strip() == HEAD.strip():
                path.unlink()
            else:
                write(path, text)

    def _path_of(self, old: Located) -> Path:
        for path, file in self._files.items():
            if old.text in file.phrasings(old.label):
                return path
        raise ConflictError(f"「{old.text[:60]}」已经不在原处了：别人刚改过、移走或删掉了它", old)

    def _file_of(self, label: Label) -> PhrasingFile:
        """Return the file for a new phrasing: where its label is, else where its service's others are, else a new one."""
        for wanted in (lambda own: own == label, lambda own: bool(label.service) and own.service == label.service):
            for file in self._files.values():
                if any(wanted(own) for own in file.labels()):
                    return file
        path = self._folder / _SERVICES / f"{label.service}.yml"
        return self._files.setdefault(path, PhrasingFile(HEAD))

    def _checked(self, new: Located, *, replacing: Optional[Located]) -> Located:
        text = " ".join(new.text.split())
        label = new.label
        if not squash(text):
            raise RequestError("问法不能是空的")
        if len(text) > LONGEST:
            raise RequestError(f"「{text[:40]}…」有 {len(text)} 个字，最多 {LONGEST} 个")
        if set(text) & set(MARKUP):
            raise RequestError(f"「{text[:40]}」里有括号或反斜杠：训练文件把 [ ] {{ }} ( ) \\ 当作标记，请去掉")
        if not text.isprintable():
            shown = "".join(character for character in text if character.isprintable())
            raise RequestError(f"「{shown[:40]}」里有看不见的或无法显示的字符，请重新输入这一句")
        if MASK in mask(text):
            raise RequestError(f"问法里有证件号或电话，请去掉：「{mask(text)[:40]}」")
        if text.startswith("/"):
            raise RequestError(f"「{text[:40]}」不能以斜杠开头")
        if label.service is not None and (label.service not in self._services | {"context"} or label.intent not in ORDER):
            raise RequestError(f"没有这个服务或方面：{label.spelt}")
        if label.service is None and (label.intent in ORDER or label.intent not in self._intents):
            raise RequestError(f"没有这一类：{label.intent}；有的是 {'、'.join(sorted(self._intents - set(ORDER)))}")
        other = self._taken.get(squash(text))
        if other is not None and other != replacing:
            raise AlreadyThereError(f"「{text[:40]}」已经有了（{other.label.spelt}：「{other.text[:40]}」）", text, other)
        return Located(label, text)

    def _forget(self, old: Located) -> None:
        if self._taken.get(squash(old.text)) == old:
            del self._taken[squash(old.text)]


def _check_readable(path: Path, file: PhrasingFile) -> None:
    """See that YAML reads what is about to be written as it is meant. Raises RequestError."""
    if file.text.strip() == HEAD.strip():
        return
    meant = {(label.intent, label.service, text) for label in file.labels() for text in file.phrasings(label)}
    try:
        read = {(p.intent, p.service, p.text) for p in parse(file.text, path)}
    except KnowledgeError as error:
        raise RequestError(f"没有写入：写下去以后 {path.name} 就读不出来了，请检查这些话里的字符") from error
    if read != meant:
        raise RequestError(f"没有写入：写下去以后 {path.name} 读出来就不是原话了，请检查这些话里的字符")
