"""scale: a table and a plot for each curve."""

from reporting import plots
from reporting.figures import middle, spread, table

NOTES = "Where each curve bends, and why, stands in [`NOTES.md`](NOTES.md#scale).\n"


def rows_per_second(run):
    return run.get("rows_per_second")


def megabytes_per_second(run):
    return run["bytes"] / run["seconds"] / 1e6 if run.get("equal") else None


def p50(run):
    return run.get("commit_to_commit", {}).get("p50_ms")


def p99(run):
    return run.get("commit_to_commit", {}).get("p99_ms")


def per_million(who):
    return lambda run: run["cpu_s"][who] * 1e6 / run["rows"] if run.get("equal") and "rows" in run else None


def memory(run):
    return run.get("peak_memory_mb") if run.get("equal") else None


def values_of(figure, curve, axis):
    return sorted({run[axis] for run in figure.select(curve=curve) if axis in run})


def curve_of(figure, value, curve, axis, **wanted):
    points = []
    for x in values_of(figure, curve, axis):
        series = list(figure.series(value, curve=curve, **{axis: x}, **wanted).values())
        if series:
            points.append((x, middle(series), min(series), max(series)))
    return points


def draw(figure, directory, name, axis, title, xlabel, curves, ylabel="rows a second", logarithmic="x"):
    """curves: label -> (value, wanted)."""
    found = {label: curve_of(figure, value, name, axis, **wanted) for label, (value, wanted) in curves.items()}
    plots.lines(
        directory / f"scale_{name}.svg",
        title,
        xlabel,
        ylabel,
        {label: points for label, points in found.items() if points},
        logarithmic,
        from_zero=True,
    )
    return f"![{title}]({directory.name}/scale_{name}.svg)\n"


def appliers(figure, directory):
    ways = sorted({run["way"] for run in figure.select(curve="appliers")})
    rows = []
    for operation in ("insert", "update"):
        for way in ways:
            at = {"curve": "appliers", "way": way, "operation": operation}
            rows.append(
                [
                    f"{operation}, {way}",
                    spread(figure.series(rows_per_second, **at), 0),
                    *(spread(figure.series(per_million(who), **at)) for who in ("rival", "kafka", "a", "b")),
                    spread(figure.series(memory, **at), 0),
                ]
            )
    picture = draw(
        figure,
        directory,
        "appliers",
        "appliers",
        "one statement, 8 partitions",
        "processes",
        {
            f"{way}, {operation}": (rows_per_second, {"operation": operation, "by_key": way == "key"})
            for way in ("key", "batch")
            for operation in ("insert", "update")
        },
        logarithmic="",
    )
    return (
        '**Appliers.** `consistency = "key"` with so many processes, and `"batch"`, on 8 partitions; one statement. Processor seconds '
        "are per million rows, memory is that of all processes together.\n\n"
        + picture
        + "\n"
        + table(["", "rows/s", "own CPU s", "Kafka", "A", "B", "own memory MB"], rows)
    )


def tables(figure, directory):
    rows = []
    for count in values_of(figure, "tables", "tables"):
        at = {"curve": "tables", "tables": count}
        rows.append(
            [
                f"{count}",
                spread(figure.series(rows_per_second, **at), 0),
                spread(figure.series(per_million("rival"), **at)),
                spread(figure.series(p50, **at)),
                spread(figure.series(p99, **at)),
            ]
        )
    picture = draw(
        figure,
        directory,
        "tables",
        "tables",
        "transactions of 100 rows, over so many tables",
        "tables",
        {"penstock": (rows_per_second, {})},
    )
    return (
        "**Tables.** The same rows in transactions of 100, each of one table, by turns over so many tables, from 4 connections; then "
        "200 single inserts a second over them, milliseconds from commit to commit.\n\n"
        + picture
        + "\n"
        + table(["tables", "rows/s", "own CPU s a million", "p50", "p99"], rows)
    )


def row_sizes(figure, directory):
    rows = []
    for body in values_of(figure, "row_size", "body_bytes"):
        at = {"curve": "row_size", "body_bytes": body}
        size = figure.series(lambda run: run["bytes"] / run["rows"] if run.get("equal") else None, **at)
        rows.append(
            [
                f"{middle(size):,.0f} bytes" if size else "–",
                spread(figure.series(rows_per_second, **at), 0),
                spread(figure.series(megabytes_per_second, **at), 1),
                spread(figure.series(memory, **at), 0),
            ]
        )
    picture = draw(
        figure,
        directory,
        "row_size",
        "body_bytes",
        "one statement, rows of one wide column and some narrow ones",
        "bytes in the wide column",
        {"penstock": (megabytes_per_second, {})},
        ylabel="MB a second",
    )
    return (
        "**Size of rows.** One statement; the size is that of the row's text on B.\n\n"
        + picture
        + "\n"
        + table(["a row", "rows/s", "MB/s", "own memory MB"], rows)
    )


def transactions(figure, directory):
    rows = []
    for size in values_of(figure, "transactions", "rows_a_transaction"):
        at = {"curve": "transactions", "rows_a_transaction": size}
        rows.append(
            [
                f"{size:,}",
                spread(figure.series(rows_per_second, **at), 0),
                spread(figure.series(lambda run: run["on_a_s"] if run.get("equal") else None, **at)),
                spread(figure.series(lambda run: run.get("seconds"), **at)),
            ]
        )
    picture = draw(
        figure,
        directory,
        "transactions",
        "rows_a_transaction",
        "transactions of so many rows",
        "rows a transaction",
        {"penstock": (rows_per_second, {})},
    )
    return (
        "**Size of transactions.** From up to 8 connections; *on A* is until the last of them has committed.\n\n"
        + picture
        + "\n"
        + table(["rows a transaction", "rows/s", "on A, s", "all, s"], rows)
    )


def samples_of(run):
    """[second, rows] until all were there."""
    return [sample for sample in run["progress"] if sample[0] <= run["seconds"]]


def rates(run):
    """(second, rows a second) between samples some seconds apart."""
    samples = samples_of(run)
    step = max(1, len(samples) // 30)
    picked = samples[::step]
    return [(later[0], (later[1] - sooner[1]) / (later[0] - sooner[0])) for sooner, later in zip(picked, picked[1:])]


def third(run, number):
    """Rows a second while the number-th third of the rows came."""
    inside = [one for one in samples_of(run) if run["rows"] * number / 3 <= one[1] <= run["rows"] * (number + 1) / 3]
    if len(inside) < 2:
        return None
    return (inside[-1][1] - inside[0][1]) / (inside[-1][0] - inside[0][0])


def backlog(figure, directory):
    runs = [run for run in figure.select(curve="backlog") if run.get("equal")]
    if not runs:
        return "**Backlog.** **No figure.**\n"
    run = runs[0]
    points = [(second, rate, rate, rate) for second, rate in rates(run)]
    picture = ""
    if len(points) > 1:
        plots.lines(
            directory / "scale_backlog.svg",
            f"a backlog of {run['rows']:,} changes",
            "seconds since the start",
            "rows a second",
            {"penstock": points},
            "",
            from_zero=True,
        )
        picture = f"![backlog]({directory.name}/scale_backlog.svg)\n"
    first, last = third(run, 0), third(run, 2)
    return (
        f"**Backlog.** {run['rows']:,} changes that were written while nobody read ({run['journal_mb']:,.0f} MB of journal), from the "
        f"start of `penstock run`: all on B after {run['seconds']:.1f} s, {run['rows_per_second']:,.0f} rows a second"
        + (f" ({first:,.0f} in the first third, {last:,.0f} in the last)" if first and last else "")
        + f", {run['cpu_s']['rival'] * 1e6 / run['rows']:.2f} own CPU seconds a million, memory {run['peak_memory_mb']:.0f} MB at its "
        "highest.\n\n" + picture
    )


def metrics(figure):
    found = []
    for run in figure.select(curve="backlog"):
        if run.get("equal") and third(run, 0) and third(run, 2):
            found.append(third(run, 2) / third(run, 0))
    return {"scale.backlog.last_over_first": found}


def section(figure, directory):
    curves = (appliers, tables, row_sizes, transactions, backlog)
    text = ["## Scale\n", "Penstock alone. " + NOTES, *(curve(figure, directory) for curve in curves)]
    return "\n".join(text), metrics(figure)
