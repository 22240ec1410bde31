"""backfill: a table."""

from reporting.figures import ratio, spread, table

NAMES = {"backfill": "penstock backfill", "dump": "pg_dump \\| psql"}


def rates(figure, way):
    return figure.series(lambda run: run.get("rows_per_second"), way=way)


def beside(name):
    return lambda run: run.get("beside", {}).get(name) if run.get("equal") else None


def of_copy(figure, value):
    return list(figure.series(value, way="backfill").values())


def metrics(figure):
    return {
        "backfill.over_dump": ratio(rates(figure, "backfill"), rates(figure, "dump")),
        "backfill.beside.p99_ms": of_copy(figure, beside("p99_ms")),
        "backfill.peak_memory_mb": of_copy(figure, lambda run: run.get("peak_memory_mb")),
    }


def rows(figure):
    for way, name in NAMES.items():
        series = rates(figure, way)
        own = figure.series(
            lambda run: run["own_cpu_s"] * 1e6 / run["rows"] if run.get("equal") else None, way="backfill"
        )
        yield [
            name,
            spread(figure.series(lambda run: run.get("rows"), way=way), 0),
            spread(series, 0),
            spread(ratio(series, rates(figure, "dump"))),
            spread(own) if way == "backfill" else "–",
            spread(of_copy(figure, lambda run: run.get("peak_memory_mb")), 0) if way == "backfill" else "–",
        ]


def section(figure, _directory):
    rate = next((run["beside_rate"] for run in figure.runs if "beside_rate" in run), 0)
    found = (spread(of_copy(figure, beside(name)), 1) for name in ("p50_ms", "p99_ms", "max_ms"))
    text = [
        "## Backfill\n",
        "A table copied into an empty one with the same indexes. The backfill goes through the stream, rules and all, while the same table "
        f"is written {rate:,.0f} times a second; pg_dump has the machine for itself.\n",
        table(["", "rows", "rows/s", "× pg_dump", "own CPU s a million", "own memory MB"], rows(figure)),
        "Single inserts into the table during the backfill, milliseconds from commit to commit:\n",
        table(["", "p50", "p99", "max"], [[f"{rate:,.0f} a second", *found]]),
    ]
    return "\n".join(text), metrics(figure)
