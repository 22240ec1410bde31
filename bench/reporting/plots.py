"""Plots as SVG, drawn by gnuplot."""

import subprocess
from pathlib import Path

COLOURS = {
    "floor": "#9aa0a6",
    "penstock": "#0b6e99",
    "native": "#2e8b57",
    "native-async": "#8fbc8f",
    "naive": "#b58900",
    "debezium": "#d0553f",
    "debezium-tuned": "#a33b8c",
    "single rows, × bare": "#0b6e99",
    "TPC-B, × bare": "#2e8b57",
    "single rows, replicator beside, × capture alone": "#b58900",
    "key, insert": "#0b6e99",
    "key, update": "#2e8b57",
    "batch, insert": "#b58900",
    "batch, update": "#d0553f",
}

MOST_TICS = 8  # an axis with no more values than these names them

STYLE = """\
set terminal svg size 760,460 font 'sans-serif,13' background '#ffffff'
set border 3 lc '#666666'
set tics nomirror textcolor '#333333'
set grid ytics lc '#e4e4e4' lt 1
set key below maxcols 4 height 1
"""


def draw(path: Path, commands: str):
    path.parent.mkdir(parents=True, exist_ok=True)
    script = f"set output '{path}'\n{STYLE}{commands}\nset output\n"
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def lines(path: Path, title, xlabel, ylabel, curves, logarithmic="xy", from_zero=False):
    """curves: name -> points (x, y, lowest, highest), drawn with the range. logarithmic: these axes."""
    if not curves:
        return
    xs = [point[0] for points in curves.values() for point in points]
    low, high = (min(xs) / 1.5, max(xs) * 1.5) if "x" in logarithmic else (0, max(xs) * 1.05)
    blocks, parts = [f"set xrange [{low:g}:{high:g}]"], []
    if len(set(xs)) <= MOST_TICS:
        blocks.append("set xtics (" + ", ".join(f"'{x:,g}' {x:g}" for x in sorted(set(xs))) + ")")
    if logarithmic:
        blocks.append(f"set logscale {logarithmic}")
    if from_zero:
        blocks.append("set yrange [0:*]")
    for number, (name, points) in enumerate(curves.items()):
        rows = "\n".join(" ".join(f"{value:g}" for value in point) for point in points)
        blocks.append(f"$curve{number} << EOD\n{rows}\nEOD")
        colour = COLOURS.get(name, "#444444")
        parts.append(f"$curve{number} using 1:2 with lines lw 2 lc rgb '{colour}' notitle")
        parts.append(
            f"$curve{number} using 1:2:3:4 with yerrorbars lw 1.5 pt 7 ps 0.6 lc rgb '{colour}' title '{name}'"
        )
    draw(
        path,
        "\n".join(blocks)
        + f"\nset title '{title}'\nset xlabel '{xlabel}'\nset ylabel '{ylabel}'\n"
        + "plot "
        + ", ".join(parts),
    )


def bars(path: Path, title, ylabel, groups, names):
    """groups: group -> {name: value}; a bar for each name in each group."""
    if not names:
        return
    rows = "\n".join(
        f'"{group}" ' + " ".join(f"{values.get(name, 0):g}" for name in names) for group, values in groups.items()
    )
    parts = [
        f"$data using {column}:xtic(1) title '{name}' lc rgb '{COLOURS.get(name, '#444444')}'"
        for column, name in enumerate(names, start=2)
    ]
    draw(
        path,
        f"$data << EOD\n{rows}\nEOD\nset title '{title}'\nset ylabel '{ylabel}'\nset yrange [0:*]\n"
        + "set style data histogram\nset style histogram cluster gap 1\nset style fill solid 0.9 noborder\n"
        + "plot "
        + ", ".join(parts),
    )
