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
    return f"**missed by {abs(value - bound) / bound:.0%}**"


def section(metrics, path: Path):
    rows, missing = [], []
    for goal in json.loads(path.read_text(encoding="utf-8")):
        bound = f"≤ {goal['at_most']:g}" if "at_most" in goal else f"≥ {goal['at_least']:g}"
        values = measured(goal, metrics)
        if values:
            rows.append([goal["text"], bound, spread(values), verdict(goal, median(values))])
        else:
            missing.append(f"- {goal['text']}: {bound}")
    text = "## Goals\n\n" + table(["", "goal", "measured", ""], rows)
    return text + ("\nNot measured here:\n\n" + "\n".join(missing) + "\n" if missing else "")
