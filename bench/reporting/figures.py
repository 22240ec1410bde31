"""The raw results of a figure, and what is computed from them.

A series is a dictionary from repetition to value: ratios are taken within a repetition, where both sides saw the
same machine, and only then is the median taken.
"""

import json
from pathlib import Path
from statistics import median


class Figure:
    """One FIGURE.json."""

    def __init__(self, path: Path):
        self.head = json.loads(path.read_text(encoding="utf-8"))
        self.runs = self.head["runs"]

    def select(self, **wanted):
        return [run for run in self.runs if all(run.get(name) == value for name, value in wanted.items())]

    def series(self, value, **wanted):
        """value(run) of the runs that are as wanted, by repetition; runs without a figure are left out."""
        found = {}
        for run in self.select(**wanted):
            one = value(run)
            if one is not None:
                found[run["repetition"]] = one
        return found


def ratio(over, under):
    return [over[repetition] / under[repetition] for repetition in sorted(over) if under.get(repetition)]


def middle(values):
    """The median of a list or of a series."""
    return median(values.values() if isinstance(values, dict) else values)


def spread(values, digits=2):
    """ "1.23 (1.10–1.40)": the median and the range of a list or of a series; "–" of nothing."""
    values = list(values.values() if isinstance(values, dict) else values)
    if not values:
        return "–"
    text = f"{median(values):,.{digits}f}"
    if len(values) > 1:
        text += f" ({min(values):,.{digits}f}–{max(values):,.{digits}f})"
    return text


def table(head, rows):
    """A table in Markdown; the first column to the left, the others to the right."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
