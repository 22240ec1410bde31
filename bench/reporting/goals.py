"""The goals (bench/goals.json) beside what was measured."""

import json
from pathlib import Path
from statistics import median

from reporting.figures import spread, table


def measured(goal, metrics):
    """The metric, or, where the goal says over what, the ratio to another's median: of another figure, so that nothing is shared
    by repetition."""
    values = metrics.get(goal["metric"])
    if "over" not in goal:
        return values
    base = metrics.get(goal["over"])
    return [value / median(base) for value in values] if values and base else None


def verdict(goal, value):
    bound = goal.get("at_most", goal.get("at_least"))
    met = value <= bound if "at_most" in goal else value >= bound
    if met:
        return "met"
    by = abs(value - bound) / bound
    return f"**missed by {by:.0%}**" if by >= 0.01 else f"**missed by {by:.1%}**"


def anchor(heading):
    """GitHub's, of a heading without punctuation other than colons, commas and dots."""
    return "".join(c for c in heading.lower().replace(" ", "-") if c not in ":,.")


def reason(goal):
    if "why" not in goal:
        return f"- {goal['text']}: not explained yet"
    text = goal["text"].replace("\\|", "|")  # as a table wants it
    return f"- {text}: {goal['why']} ([tried](NOTES.md#{anchor(goal['tried'])}))"


def section(metrics, path: Path):
    rows, reasons, missing = [], [], []
    for goal in json.loads(path.read_text(encoding="utf-8")):
        bound = f"≤ {goal['at_most']:g}" if "at_most" in goal else f"≥ {goal['at_least']:g}"
        values = measured(goal, metrics)
        if values:
            judged = verdict(goal, median(values))
            rows.append([goal["text"], bound, spread(values), judged])
            if judged != "met":
                reasons.append(reason(goal))
        else:
            missing.append(f"- {goal['text']}: {bound}")
    text = "## Goals\n\n" + table(["", "goal", "measured", ""], rows)
    if reasons:
        text += "\nWhy they are missed:\n\n" + "\n".join(reasons) + "\n"
    return text + ("\nNot measured here:\n\n" + "\n".join(missing) + "\n" if missing else "")
