"""resources: tables."""

from reporting.figures import spread, table

SHARES = ["own_percent", "a_percent", "b_percent", "kafka_percent", "transactions_per_second"]


def idle(figure, name, pipelines):
    return figure.series(lambda run: run.get(name), kind="idle", pipelines=pipelines)


def numbers(figure):
    return sorted({run["pipelines"] for run in figure.select(kind="idle")})


def starts(figure, after, name):
    return figure.series(lambda run: run.get(name), kind="start", after=after)


def metrics(figure):
    found = {
        "start.stop.ms": list(starts(figure, "stop", "to_b_ms").values()),
        "start.kill.ms": list(starts(figure, "kill", "to_kafka_ms").values()),
    }
    for pipelines in numbers(figure):
        for name in ("own_percent", "transactions_per_second", "memory_mb"):
            found[f"idle.{pipelines}.{name}"] = list(idle(figure, name, pipelines).values())
    return found


def idle_rows(figure):
    for pipelines in numbers(figure):
        yield [
            f"{pipelines} pipeline{'s' if pipelines > 1 else ''}",
            *(spread(idle(figure, name, pipelines), 3) for name in SHARES),
            spread(idle(figure, "memory_mb", pipelines), 0),
        ]


def start_rows(figure):
    for after, name in (("stop", "an orderly stop"), ("kill", "SIGKILL")):
        yield [
            name,
            spread(starts(figure, after, "changes"), 0),
            spread(starts(figure, after, "to_kafka_ms"), 0),
            spread(starts(figure, after, "to_b_ms"), 0),
        ]


def section(figure, _directory):
    text = [
        "## Resources\n",
        "Pipelines with nothing to do, a process each; everything divided by their number. % of a core, transactions a second on A; memory is "
        "the largest process's.\n",
        table(["", "own %", "A %", "B %", "Kafka %", "transactions/s on A", "memory MB"], idle_rows(figure)),
        "From the start of the process until the first change has moved, milliseconds. What waits there after SIGKILL is one batch, which "
        "B commits at once.\n",
        table(["after", "changes that wait", "first in Kafka", "first on B"], start_rows(figure)),
    ]
    return "\n".join(text), metrics(figure)
