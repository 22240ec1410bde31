"""capture: what capture costs the writers: tables and plot."""

from statistics import median

from reporting import plots
from reporting.figures import ratio, spread, table

# Penstock's own, then the others.
WAYS = ["bare", "penstock", "penstock_unguarded", "beside", "row", "notify", "pgq", "audit", "logical"]
NAMES = {
    "penstock_unguarded": "penstock without its guard",
    "beside": "penstock, replicator beside",
    "row": "row trigger",
    "notify": "row trigger and NOTIFY",
    "pgq": "PgQ",
    "audit": "audit trigger",
    "logical": "logical decoding",
}
STATEMENTS = ["insert", "update", "delete"]
BYTES_CLIENTS = 32  # of the bytes of single rows
CURVES = [
    ("single rows, × bare", "single", "penstock", "bare"),
    ("TPC-B, × bare", "tpcb", "penstock", "bare"),
    ("single rows, replicator beside, × capture alone", "single", "beside", "penstock"),
]


def tps(run):
    return run.get("tps")


def seconds(run):
    return run.get("seconds")


def clients_of(figure, workload, way):
    return sorted({run["clients"] for run in figure.select(workload=workload, way=way)})


def over(figure, value, way, base, **at):
    """A way's value over another's, repetition by repetition."""
    return ratio(figure.series(value, way=way, **at), figure.series(value, way=base, **at))


def worst(figure, workload, way, base):
    """Of all numbers of clients the one with the lowest ratio."""
    found = [over(figure, tps, way, base, workload=workload, clients=n) for n in clients_of(figure, workload, way)]
    return min((one for one in found if one), key=median, default=[])


def log_bytes(run):
    return run["log_bytes"] / run["changes"]


def wal_bytes(run):
    return run["wal_bytes"] / run["changes"]


def added_wal(figure, way, **at):
    """WAL bytes a change, by repetition, less the bare table's own. Logical decoding's is of another server."""
    own, bare = figure.series(wal_bytes, way=way, **at), figure.series(wal_bytes, way="bare", **at)
    return {repetition: own[repetition] - bare[repetition] for repetition in own if repetition in bare}


def metrics(figure):
    found = {
        "capture.single.over_bare": worst(figure, "single", "penstock", "bare"),
        "capture.tpcb.over_bare": worst(figure, "tpcb", "penstock", "bare"),
        "capture.beside.over_alone": worst(figure, "single", "beside", "penstock"),
    }
    for name in STATEMENTS:
        found[f"capture.bulk_{name}.over_bare"] = over(figure, seconds, "penstock", "bare", workload=f"bulk_{name}")
    for workload, clients in (("single", BYTES_CLIENTS), ("bulk_insert", 1)):
        at = {"workload": workload, "clients": clients}
        found[f"capture.{workload}.journal_bytes.over_pgq"] = over(figure, log_bytes, "penstock", "pgq", **at)
        found[f"capture.{workload}.wal_bytes.over_pgq"] = ratio(
            added_wal(figure, "penstock", **at), added_wal(figure, "pgq", **at)
        )
    return found


def transaction_rows(figure, workload):
    for clients in clients_of(figure, workload, "bare"):
        at = {"workload": workload, "clients": clients}
        for way in WAYS:
            series = figure.series(tps, way=way, **at)
            if not series:
                continue
            yield [
                f"{clients} client{'s' if clients > 1 else ''}, {NAMES.get(way, way)}",
                spread(series, 0),
                spread(over(figure, tps, way, "bare", **at)),
                spread(over(figure, tps, way, "penstock", **at)) if way == "beside" else "–",
                spread(figure.series(lambda run: run["latency"]["p99_ms"], way=way, **at)),
            ]


def bulk_rows(figure):
    for way in WAYS:
        if not figure.select(workload="bulk_insert", way=way):
            continue
        row = [NAMES.get(way, way)]
        for name in STATEMENTS:
            row.append(spread(figure.series(seconds, way=way, workload=f"bulk_{name}")))
            row.append(spread(over(figure, seconds, way, "bare", workload=f"bulk_{name}")))
        yield row


def guard_rows(figure):
    """What the guard costs: with it over without it, in time."""
    for name in STATEMENTS:
        at = {"workload": f"bulk_{name}"}
        yield [f"bulk {name}", spread(over(figure, seconds, "penstock", "penstock_unguarded", **at))]
    for clients in clients_of(figure, "single", "penstock_unguarded"):
        at = {"workload": "single", "clients": clients}
        yield [f"single rows, {clients} client{'s' if clients > 1 else ''}"] + [
            spread(over(figure, tps, "penstock_unguarded", "penstock", **at))
        ]


def bytes_rows(figure):
    for way in WAYS:
        row = [NAMES.get(way, way)]
        for workload, clients in [("single", BYTES_CLIENTS)] + [(f"bulk_{name}", 1) for name in STATEMENTS]:
            at = {"workload": workload, "clients": clients}
            # The replicator empties its journal meanwhile; logical decoding and the bare table have none.
            has_log = way not in ("bare", "beside", "logical")
            row.append(spread(figure.series(log_bytes, way=way, **at), 0) if has_log else "–")
            wal = figure.series(wal_bytes, way=way, **at) if way == "bare" else added_wal(figure, way, **at)
            row.append(spread([round(one) for one in wal.values()], 0))
        if any(cell != "–" for cell in row[1:]):
            yield row


def plot(figure, directory):
    curves = {}
    for name, workload, way, base in CURVES:
        points = []
        for clients in clients_of(figure, workload, way):
            values = over(figure, tps, way, base, workload=workload, clients=clients)
            if values:
                points.append((clients, median(values), min(values), max(values)))
        if points:
            curves[name] = points
    title = "transactions a second, as a part of those without"
    plots.lines(directory / "capture.svg", title, "clients", "times", curves, logarithmic="x", from_zero=True)


def section(figure, directory):
    plot(figure, directory)
    transactions = ["", "tps", "× bare", "× capture alone", "p99 ms"]
    statements = ["", "insert s", "× bare", "update s", "× bare", "delete s", "× bare"]
    sizes = ["", "single: log", "WAL", "insert: log", "WAL", "update: log", "WAL", "delete: log", "WAL"]
    changes = next((run["changes"] for run in figure.select(workload="bulk_insert")), 0)
    text = [
        "## Capture\n",
        f"What capture costs the writers on A: pgbench's transactions a second, and seconds of a statement that writes {changes:,} rows. × "
        "bare: the same without capture, in each repetition. *Replicator beside*: with `penstock run`, Kafka and B on the same processors.\n",
        f"![capture]({directory.name}/capture.svg)\n",
        "Updates of single rows, a transaction each:\n",
        table(transactions, transaction_rows(figure, "single")),
        "TPC-B, all four tables captured:\n",
        table(transactions, transaction_rows(figure, "tpcb")),
        f"One statement, {changes:,} rows:\n",
        table(statements, bulk_rows(figure)),
        "The guard against statements inside statements: time with it, over time without it.\n",
        table(["", "×"], guard_rows(figure)),
        f"Bytes a change: what the log holds (indexes too), and the WAL beyond the bare table's (whose own is in its row). Single "
        f"rows from {BYTES_CLIENTS} clients.\n",
        table(sizes, bytes_rows(figure)),
    ]
    return "\n".join(text), metrics(figure)
