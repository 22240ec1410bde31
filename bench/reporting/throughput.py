"""throughput: tables and plots."""

from reporting import plots
from reporting.figures import middle, ratio, spread, table

RIVALS = ["penstock", "native", "native-async", "debezium", "debezium-tuned"]
MANY = 300_000  # rows of the goals
BESIDE = ["penstock", "penstock-key", "native"]


def per_million(who):
    return lambda run: run["cpu_s"].get(who, 0) * 1e6 / run["rows"] if run.get("keeps_up") else None


def rows_per_second(run):
    return run.get("rows_per_second")


def sizes(figure, rival):
    return sorted({run["rows"] for run in figure.select(kind="bulk", rival=rival)})


def metrics(figure):
    found = {}
    rows = MANY if MANY in sizes(figure, "penstock") else max(sizes(figure, "penstock"), default=0)
    for operation in ("insert", "update"):
        at = {"kind": "bulk", "operation": operation}
        penstock = figure.series(rows_per_second, rival="penstock", rows=rows, **at)
        native = figure.series(rows_per_second, rival="native", rows=rows, **at)
        debezium = figure.series(rows_per_second, rival="debezium-tuned", **at)
        found[f"bulk.{operation}.over_native"] = ratio(penstock, native)
        found[f"bulk.{operation}.over_debezium"] = ratio(penstock, debezium)
    for who, key in (("penstock", "rival"), ("kafka", "kafka")):
        found[f"bulk.cpu_per_million.{who}"] = [
            per_million(key)(run)
            for run in figure.select(kind="bulk", rival="penstock", rows=rows)
            if run.get("keeps_up")
        ]
    for rows in sizes(figure, "penstock"):
        runs = figure.select(kind="bulk", rival="penstock", rows=rows)
        found[f"bulk.{rows}.peak_memory_mb"] = [max(run.get("peak_memory_mb", 0) for run in runs)]
    for rival in BESIDE:
        runs = figure.select(kind="beside", rival=rival)
        found[f"beside.{rival}.p99_ms"] = [run["commit_to_commit"]["p99_ms"] for run in runs if run.get("equal")]
    ours, natives = highest_sustained(figure, "penstock"), highest_sustained(figure, "native")
    found["sustained.over_native"] = [ours / natives] if ours and natives else []
    return found


def sustained_steps(figure, rival):
    return [run for run in figure.select(kind="sustained", rival=rival) if "refused" not in run]


def highest_sustained(figure, rival):
    steps = sustained_steps(figure, rival)
    return max((run["rate"] for run in steps if run["bounded"] and run["written"]), default=0)


def bulk_rows(figure):
    for operation in ("insert", "update"):
        for rival in RIVALS:
            for rows in sizes(figure, rival):
                at = {"kind": "bulk", "operation": operation, "rival": rival, "rows": rows}
                if not figure.select(**at):
                    continue
                native = figure.series(rows_per_second, kind="bulk", operation=operation, rival="native", rows=rows)
                own = spread(figure.series(per_million("rival"), **at)) if rival != "native" else "in A and B"
                memory = (
                    spread(figure.series(lambda run: run.get("peak_memory_mb"), **at), 0) if rival != "native" else "–"
                )
                yield [
                    f"{operation} {rows:,} rows, {rival}",
                    spread(figure.series(rows_per_second, **at), 0),
                    spread(ratio(figure.series(rows_per_second, **at), native)),
                    own,
                    *(spread(figure.series(per_million(who), **at)) for who in ("kafka", "a", "b")),
                    memory,
                ]


def plot(figure, directory):
    groups = {}
    for operation in ("insert", "update"):
        values = {}
        for rival in RIVALS:
            rows = MANY if MANY in sizes(figure, rival) else max(sizes(figure, rival), default=None)
            series = figure.series(rows_per_second, kind="bulk", operation=operation, rival=rival, rows=rows)
            if series:
                values[rival] = middle(series)
        groups[operation] = values
    names = [rival for rival in RIVALS if any(rival in values for values in groups.values())]
    plots.bars(
        directory / "throughput.svg", "one statement, until the last row is on B", "rows a second", groups, names
    )


def beside_rows(figure):
    for rival in BESIDE:
        for run in figure.select(kind="beside", rival=rival):
            if "refused" in run:
                yield [rival, "**no figure**", "–", "–", "–", "–"]
                continue
            latency = run.get("commit_to_commit")
            values = (
                [f"{latency[name]:,.0f}" for name in ("p50_ms", "p99_ms", "max_ms")]
                if latency
                else ["does not keep up", "–", "–"]
            )
            yield [rival, f"{run['rows']:,}", f"{run['bulk_seconds']:.1f}", *values]


def sustained_rows(figure):
    for rival in RIVALS:
        steps = sustained_steps(figure, rival)
        if not steps:
            continue
        bad = [run for run in steps if not (run["bounded"] and run["written"])]
        first = min(bad, key=lambda run: run["rate"], default=None)
        why = (
            "–"
            if first is None
            else f"{first['rate']:,.0f}: " + ("A takes no more" if first["bounded"] else "the lag grows")
        )
        yield [rival, f"{highest_sustained(figure, rival):,.0f}", why]


def section(figure, directory):
    plot(figure, directory)
    text = [
        "## Throughput\n",
        "One statement that writes so many rows: from its start to the commit of the last row on B. Processor seconds are per million "
        "rows. Debezium is given fewer rows, since it needs longer.\n",
        f"![rows a second]({directory.name}/throughput.svg)\n",
        table(["", "rows/s", "× native", "own CPU s", "Kafka", "A", "B", "own memory MB"], bulk_rows(figure)),
        "Single inserts into another table, 200 a second, while one statement updates so many rows, until B has these; milliseconds from "
        "commit to commit. Penstock by default, like native replication, keeps A's transactions whole and in order, so single changes wait for "
        'the great one before them; *penstock-key* (`consistency = "key"`) does not promise that, and is what the goal is judged on. Where the '
        "waits arise stands in [`NOTES.md`](NOTES.md#single-changes-beside-a-bulk-update).\n",
        table(["", "rows updated", "s until they are on B", "p50", "p99", "max"], beside_rows(figure)),
        "The highest rate of single-row commits from 32 connections at which the lag stays under a second, and what ended the search.\n",
        table(["", "changes a second", "the next rate"], sustained_rows(figure)),
    ]
    return "\n".join(text), metrics(figure)
