"""What `bot run` serves: the promoted model; on a fresh clone, or while nobody has chosen one by hand, that of the files.

As long as every promotion was automatic, the model follows the files: a changed phrasing is trained and served. Once a person
has promoted or rolled back, the choice is theirs: a model for changed files is trained as a candidate, beside the serving
one. The gate's word counts in either case: a candidate that it blocked is never promoted automatically.
"""

from __future__ import annotations

from typing import Callable, Optional

from bot.errors import BotError
from bot.models.registry import AUTOMATIC, Contents, Model, Registry
from bot.settings import Settings
from bot.training import job
from bot.training.progress import Tell, silent
from bot.training.train import data_version

BY = "bot run"
FIRST, FILES_CHANGED, ALL_BAD = (
    "the first model",
    "the files changed and nobody has chosen a model by hand",
    "none of the promoted models could be loaded",
)
Say = Callable[[str], None]


def current(registry: Registry, settings: Settings) -> Optional[Model]:
    """Return the newest sound model trained on the files as they are; None if there is none."""
    return next((model for model in registry.read().of_version(data_version(settings)) if registry.is_sound(model)), None)


def ensure_current(settings: Settings, *, tell: Tell = silent, force: bool = False) -> tuple[Model, bool]:
    """Return the model of the files as they are and whether it had to be trained. Raises BotError if it cannot be."""
    registry = Registry(settings.models)
    found = None if force else current(registry, settings)
    if found is not None:
        return found, False
    job.run_apart(settings, by=BY, tell=tell)
    found = current(registry, settings)
    if found is None:
        raise BotError("the training left no model of these files; were they edited meanwhile? Try again")
    return found, True


def promote_what_is_due(settings: Settings, *, say: Say, tell: Tell = silent) -> bool:
    """Train and promote if nobody else decides; return whether a candidate ought to be trained beside the serving model.

    Raises BotError if there is nothing to serve and it cannot be trained.
    """
    registry = Registry(settings.models)
    contents = registry.read()
    promoted, version = contents.promoted, data_version(settings)
    if promoted is not None and promoted.data_version == version:
        return False
    if promoted is not None and contents.chosen_by_person:
        say(_chosen(contents))
        return not contents.of_version(version)
    try:
        model, trained = ensure_current(settings, tell=tell)
    except BotError as error:
        if promoted is None:
            raise
        say(f"the files have changed, but a new model could not be had ({error}); {promoted.id} serves on")
        return False
    if model.blocked:
        say(f"model {model.id} of the changed files was blocked: {'; '.join(model.blocked)}; the promoted one serves on")
        return False
    latest = registry.read()
    if latest.promotions == contents.promotions:  # else another process was faster
        reason = FILES_CHANGED if promoted else FIRST
        registry.promote(model.id, by=BY, how=AUTOMATIC, reason=reason)
        say(f"promoted {model.id} automatically: {reason}")
    return False


def replace_all_bad(settings: Settings, *, say: Say, tell: Tell = silent) -> None:
    """Train and promote a model because none that was ever promoted can be loaded."""
    model, _ = ensure_current(settings, tell=tell, force=True)
    Registry(settings.models).promote(model.id, by=BY, how=AUTOMATIC, reason=ALL_BAD)
    say(f"promoted {model.id} automatically: {ALL_BAD}")


def _chosen(contents: Contents) -> str:
    promoted, last = contents.promoted, contents.promotions[-1]
    assert promoted is not None
    return (
        f"{promoted.id} serves, as {last.by} decided on {last.at}. The files have changed since; a candidate of them "
        "waits for `bot promote` or /training/models once it is trained"
    )
