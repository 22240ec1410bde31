"""latency: tables and plot."""

from reporting import plots
from reporting.figures import middle, ratio, spread, table

RIVALS = ["floor", "penstock", "native", "native-async", "naive", "debezium", "debezium-tuned"]
WRITERS = 8  # of the plot and the goals


def percentile(name, since="commit_to_commit"):
    return lambda run: run.get(since, {}).get(f"{name}_ms")


def better_debezium(figure, name, rate):
    """Of the two variants the one with the lower median."""
    both = [
        figure.series(percentile(name), rival=rival, rate=rate, writers=WRITERS)
        for rival in ("debezium", "debezium-tuned")
    ]
    return min((one for one in both if one), key=middle, default={})


def metrics(figure):
    found = {}
    for rate in (200, 1000):
        for name in ("p50", "p99"):
            penstock = figure.series(percentile(name), rival="penstock", rate=rate, writers=WRITERS)
            floor = figure.series(percentile(name), rival="floor", rate=rate, writers=WRITERS)
            found[f"latency.{rate}.{name}.ms"] = list(penstock.values())
            found[f"latency.{rate}.{name}.over_floor"] = ratio(penstock, floor)
            found[f"latency.{rate}.{name}.over_debezium"] = ratio(penstock, better_debezium(figure, name, rate))
    found["latency.1000.cpu_percent"] = list(
        figure.series(
            lambda run: 100 * run["cpu_s"]["rival"] / run["cpu_s"]["wall"], rival="penstock", rate=1000, writers=WRITERS
        ).values()
    )
    return found


def cell(figure, value, digits, **wanted):
    """What a rival showed, or why it has no figure."""
    series = figure.series(value, **wanted)
    if series:
        text = spread(series, digits)
    else:
        text = ""
    runs = figure.select(**wanted)
    lost = sum(run.get("lost", 0) for run in runs)
    if lost:
        text += f" lost {lost:,} of {sum(run['changes'] for run in runs if run.get('lost')):,} rows"
    if any(run.get("keeps_up") is False for run in runs):
        text += " does not keep up"
    if any("refused" in run for run in runs):
        text += " **no figure**"
    return text.strip() or "–"


def rows(figure, rate, writers):
    for rival in RIVALS:
        if not figure.select(rival=rival, rate=rate, writers=writers):
            continue
        at = {"rival": rival, "rate": rate, "writers": writers}
        p50 = figure.series(percentile("p50"), **at)
        floor = figure.series(percentile("p50"), **{**at, "rival": "floor"})
        scheduled = figure.series(percentile("p50", "scheduled_to_commit"), **at)
        yield [
            rival,
            cell(figure, percentile("p50"), 2, **at),
            spread(figure.series(percentile("p99"), **at)),
            spread(scheduled),
            spread(figure.series(percentile("p99", "scheduled_to_commit"), **at)),
            spread(ratio(p50, floor)),
        ]


def plot(figure, directory):
    for name in ("p50", "p99"):
        curves = {}
        for rival in RIVALS:
            points = []
            for rate in sorted({run["rate"] for run in figure.runs if run["writers"] == WRITERS}):
                series = list(figure.series(percentile(name), rival=rival, rate=rate, writers=WRITERS).values())
                if series:
                    points.append((rate, middle(series), min(series), max(series)))
            if points:
                curves[rival] = points
        plots.lines(
            directory / f"latency_{name}.svg", f"{name}: commit on A to commit on B", "changes a second", "ms", curves
        )


def section(figure, directory):
    plot(figure, directory)
    text = [
        "## Latency\n",
        "Single-row inserts, Poisson arrivals. Milliseconds from the commit on A to the commit on B, and from the time at which the "
        "insert was due to the commit on B: median over the repetitions (range). × floor: of p50, taken in each repetition.\n",
        f"![p50]({directory.name}/latency_p50.svg)\n![p99]({directory.name}/latency_p99.svg)\n",
    ]
    for rate, writers in sorted({(run["rate"], run["writers"]) for run in figure.runs}):
        text.append(f"**{rate:,} a second, {writers} connection{'s' if writers > 1 else ''}**\n")
        text.append(table(["", "p50", "p99", "p50 from due", "p99 from due", "× floor"], rows(figure, rate, writers)))
    return "\n".join(text), metrics(figure)
