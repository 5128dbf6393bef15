"""models/registry.json: every known model file with its hash, its figures, and the course of promotions.

Several processes share the folder. Writers take turns (bot.files.locked), each write replaces the file in one step, so
readers never wait and a killed writer leaves the old registry or the new one. The version before stays in
registry.backup.json, for a file that something else damages.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Optional

from bot.errors import ModelError
from bot.files import locked, write

logger = logging.getLogger(__name__)
FORMAT = 1
KEPT = 8  # model files; older ones are deleted, but never one that serves or that a rollback would want
KEPT_PROMOTED = 3
OWNER = 0o600  # it names persons and their reasons
AUTOMATIC, PERSON, ROLLBACK = "automatic", "person", "rollback"


@dataclass(frozen=True)
class Model:
    """What is known of a model file.

    data_version: of the files that it learned from. sha256, size: of the file. created, created_by: when (UTC) and by whom it
    was trained. phrasings: how many of each service it learned. figures: the last evaluation's summary, by set. blocked: why
    the gate would not let it pass, None if it was not asked. refused: why a server would not take it.
    """

    id: str
    data_version: str
    sha256: str
    size: int
    created: str
    created_by: str
    phrasings: dict[str, int] = field(default_factory=dict)
    figures: Optional[dict[str, Any]] = None
    blocked: Optional[list[str]] = None
    refused: Optional[str] = None
    deleted: bool = False


@dataclass(frozen=True)
class Promotion:
    """One change of the serving model. how: automatic, person or rollback; overruled: findings of the gate, set aside."""

    model: str
    at: str
    by: str
    how: str
    reason: str = ""
    replaced: Optional[str] = None
    overruled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contents:
    """The registry as it was read: models in the order of training, promotions in the order of time."""

    models: dict[str, Model] = field(default_factory=dict)
    promotions: tuple[Promotion, ...] = ()

    @property
    def promoted(self) -> Optional[Model]:
        return self.models[self.promotions[-1].model] if self.promotions else None

    @property
    def chosen_by_person(self) -> bool:
        """Tell whether anybody ever promoted a model by hand; from then on none is promoted automatically."""
        return any(promotion.how != AUTOMATIC for promotion in self.promotions)

    def state(self, model: Model) -> str:
        """Return candidate, promoted or retired."""
        if self.promoted and self.promoted.id == model.id:
            return "promoted"
        return "retired" if model.deleted or any(p.model == model.id for p in self.promotions) else "candidate"

    def last_promotion(self, model: Model) -> Optional[Promotion]:
        return next((promotion for promotion in reversed(self.promotions) if promotion.model == model.id), None)

    def stack(self) -> list[Model]:
        """Return the promoted model and those that it rests on, the nearest first: where rollbacks lead."""
        stack: list[str] = []
        for promotion in self.promotions:
            if promotion.how == ROLLBACK and promotion.model in stack:
                del stack[stack.index(promotion.model) + 1 :]
            else:
                stack = [one for one in stack if one != promotion.model] + [promotion.model]
        return [self.models[one] for one in reversed(stack)]

    def fit_to_serve(self) -> list[Model]:
        """Return the models to try in this order: the promoted one, those before it, then any that ever served."""
        ever = [self.models[promotion.model] for promotion in reversed(self.promotions)]
        return _unique([*self.stack(), *ever])

    def of_version(self, data_version: str) -> list[Model]:
        """Return the models trained on these files, the newest first."""
        return [model for model in reversed(self.models.values()) if model.data_version == data_version and not model.deleted]


class Registry:
    """The registry of one folder of models."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "registry.json"
        self._backup = folder / "registry.backup.json"

    def stamp(self) -> tuple[int, ...]:
        """Return what changes whenever the registry is written; cheap enough to ask every second."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino

    def read(self) -> Contents:
        """Return the contents; without a file, none. Raises ModelError if neither the file nor its backup can be read."""
        if not self.path.exists():
            return Contents()
        try:
            return _parsed(self.path)
        except ModelError as error:
            if not self._backup.exists():
                raise
            logger.error("%s; going on with %s", error, self._backup.name)
            return _parsed(self._backup)

    def get(self, model_id: str) -> Model:
        """Return a model by its id or any part of it that no other has. Raises ModelError."""
        models = self.read().models
        found = [models[model_id]] if model_id in models else [model for model in models.values() if model_id in model.id]
        if len(found) != 1 or not model_id:
            known = ", ".join(list(models)[-5:]) or "none"
            raise ModelError(f"model «{model_id}» is {'ambiguous' if found else 'unknown'}; the newest known are: {known}")
        return found[0]

    def file_of(self, model: Model) -> Path:
        return self.folder / f"{model.id}.tar.gz"

    def verified(self, model: Model) -> Path:
        """Return the model's file, being sure that it is the one that was registered. Raises ModelError that says what is wrong."""
        path = self.file_of(model)
        if not path.is_file():
            raise ModelError(f"model {model.id}: its file {path.name} is missing from {self.folder.name}/")
        size = path.stat().st_size
        if size != model.size:
            raise ModelError(f"model {model.id}: its file has {size} bytes instead of {model.size}; it is truncated or another one")
        if hash_of(path) != model.sha256:
            raise ModelError(f"model {model.id}: its file is not the one that was registered (its hash differs)")
        return path

    def is_sound(self, model: Model) -> bool:
        try:
            self.verified(model)
        except ModelError as error:
            logger.error("%s", error)
            return False
        return True

    def add(self, file: Path, *, data_version: str, by: str, phrasings: Optional[dict[str, int]] = None) -> Model:
        """Move a trained file in under a new id and register it as a candidate."""
        now = utc_now()
        with file.open("rb+") as content:
            os.fsync(content.fileno())
        size, digest = file.stat().st_size, hash_of(file)

        def change(contents: Contents) -> tuple[Contents, Model]:
            stem = f"{now:%Y%m%dT%H%M%S}-{data_version}"
            known = next(id_ for n in range(1000) if (id_ := stem if n == 0 else f"{stem}-{n}") not in contents.models)
            model = Model(known, data_version, digest, size, now.isoformat(), by, dict(phrasings or {}))
            os.replace(file, self.file_of(model))
            return self._pruned(replace(contents, models={**contents.models, model.id: model})), model

        return self._change(change)

    def note(self, model_id: str, **changes: Any) -> Model:
        """Change what is known of a model (figures, blocked, refused)."""

        def change(contents: Contents) -> tuple[Contents, Model]:
            model = replace(contents.models[model_id], **changes)
            return replace(contents, models={**contents.models, model_id: model}), model

        return self._change(change)

    def promote(self, model_id: str, *, by: str, how: str = PERSON, reason: str = "", overruled: tuple[str, ...] = ()) -> Promotion:
        """Let a model serve from now on. Raises ModelError for an unknown or damaged one."""

        def change(contents: Contents) -> tuple[Contents, Promotion]:
            if model_id not in contents.models:
                raise ModelError(f"model «{model_id}» is unknown")
            self.verified(contents.models[model_id])
            before = contents.promoted
            entry = Promotion(model_id, utc_now().isoformat(), by, how, reason, before.id if before else None, overruled)
            models = {**contents.models, model_id: replace(contents.models[model_id], refused=None)}
            return Contents(models, (*contents.promotions, entry)), entry

        return self._change(change)

    def roll_back(self, *, by: str, reason: str = "") -> Promotion:
        """Promote the last good model before the promoted one. Raises ModelError if there is none."""
        contents = self.read()
        for model in contents.stack()[1:]:
            if self.is_sound(model):
                return self.promote(model.id, by=by, how=ROLLBACK, reason=reason)
        raise ModelError("there is no earlier model to roll back to")

    def _change(self, change: Callable[[Contents], tuple[Contents, Any]]) -> Any:
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder):
            contents, answer = change(self.read())
            if self.path.exists() and _readable(self.path):
                write(self._backup, self.path.read_text(encoding="utf-8"), mode=OWNER)
            write(self.path, _serialised(contents), mode=OWNER)
        return answer

    def _pruned(self, contents: Contents) -> Contents:
        """Delete the files of models beyond those that are kept; their records stay."""
        there = [model for model in contents.models.values() if not model.deleted]
        kept = {model.id for model in (*there[-KEPT:], *contents.stack()[:KEPT_PROMOTED])}
        models = dict(contents.models)
        for model in there:
            if model.id not in kept:
                self.file_of(model).unlink(missing_ok=True)
                models[model.id] = replace(model, deleted=True)
        return replace(contents, models=models)


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            total.update(chunk)
    return total.hexdigest()


def utc_now() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)


def _unique(models: list[Model]) -> list[Model]:
    return list({model.id: model for model in models}.values())


def _serialised(contents: Contents) -> str:
    models = {model.id: {key: value for key, value in asdict(model).items() if key != "id"} for model in contents.models.values()}
    content = {"format": FORMAT, "models": models, "promotions": [asdict(promotion) for promotion in contents.promotions]}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _readable(path: Path) -> bool:
    try:
        _parsed(path)
    except ModelError:
        return False
    return True


def _parsed(path: Path) -> Contents:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']} instead of {FORMAT}")
        known = {one.name for one in fields(Model)}
        models = {
            model_id: Model(id=model_id, **{key: value for key, value in entry.items() if key in known})
            for model_id, entry in content["models"].items()
        }
        promotions = tuple(Promotion(**{**entry, "overruled": tuple(entry["overruled"])}) for entry in content["promotions"])
        unknown = [promotion.model for promotion in promotions if promotion.model not in models]
        if unknown:
            raise ValueError(f"promotes the unknown model {unknown[0]}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} cannot be read ({error.__class__.__name__}: {error}); put a good copy back, "
            "or remove it together with registry.backup.json to begin anew"
        ) from error
    return Contents(models, promotions)
