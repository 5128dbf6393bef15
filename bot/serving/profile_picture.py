"""The profile of a turn as a picture: one bar a part, as long as its time."""

from __future__ import annotations

from pathlib import Path

from bot.serving.profile import Profile

LEAST_MS = 0.005  # parts below it are left out
GROUPS = {"store": "#8e5a9b", "action": "#2e7d5b", "Rasa": "#9a9a9a", "Policy": "#9a9a9a"}
UNDERSTANDING = "#2471a3"


def draw(profile: Profile, path: Path) -> None:
    """Write the picture (SVG, its text kept as text)."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    parts = [part for part in reversed(profile.parts) if part.ms >= LEAST_MS]
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "profile", "font.family": "sans-serif", "font.size": 11}):
        figure, axes = plt.subplots(figsize=(7.2, 0.5 + 0.32 * len(parts)))
        bars = axes.barh([part.name for part in parts], [part.ms for part in parts], color=[_colour(part.name) for part in parts])
        axes.bar_label(bars, [f" {part.ms:.2f}" for part in parts])
        axes.set(xlabel=f"毫秒；一轮合计 {profile.ms:.2f}", xlim=(0, 1.15 * max(part.ms for part in parts)))
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
        plt.close(figure)


def _colour(name: str) -> str:
    return next((colour for group, colour in GROUPS.items() if group in name), UNDERSTANDING)
