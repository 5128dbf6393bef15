"""The gate before a promotion: what a candidate may not lose. Its findings are shown to staff, so they are Chinese."""

from __future__ import annotations

from bot.evaluation.compare import Comparison
from bot.models.registry import Model
from bot.settings import Settings

SET_NAMES = {"questions": "问题", "out_of_scope": "范围外的话", "dialogues": "对话"}


def findings(comparison: Comparison, before: Model, after: Model, names: dict[str, str], settings: Settings) -> list[str]:
    """Return one line for each loss beyond what the settings allow; [] lets the candidate pass. names: service -> its name."""
    found = []
    for change in comparison.sets:
        if -change.points > settings.promotion_max_loss:
            found.append(
                f"{SET_NAMES[change.subject]}：答对从 {change.before}/{change.count} 降到 {change.after}/{change.count}，"
                f"下降 {-change.points:.1f} 个百分点，最多允许 {settings.promotion_max_loss:g}"
            )
    for change in comparison.services:
        if change.before - change.after > settings.promotion_max_service_loss:
            found.append(
                f"服务「{names.get(change.subject, change.subject)}」：答对从 {change.before}/{change.count} 降到 "
                f"{change.after}/{change.count}，最多允许少 {settings.promotion_max_service_loss} 条"
            )
    return found + [
        f"服务「{names[service]}」：原来有 {count} 条问法，现在一条也没有，不再认得"
        for service, count in before.phrasings.items()
        if count and after.phrasings and not after.phrasings.get(service) and service in names
    ]
