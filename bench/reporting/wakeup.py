"""wakeup: a table."""

from reporting.figures import ratio, spread, table


LONG_S = 60  # of the goal


def metrics(figure):
    long = figure.series(lambda run: run["commit_to_commit_ms"], rival="penstock", silence_s=LONG_S)
    return {f"wakeup.{LONG_S}.ms": list(long.values())}


def section(figure, _directory):
    rows = []
    for silence in sorted({run["silence_s"] for run in figure.runs}):

        def of(rival):
            return figure.series(lambda run: run["commit_to_commit_ms"], rival=rival, silence_s=silence)

        for rival in ("floor", "penstock", "native"):
            if of(rival):
                rows.append(
                    [
                        f"{rival}, after {silence:g} s",
                        spread(of(rival)),
                        spread(ratio(of(rival), of("floor"))),
                        str(len(of(rival))),
                    ]
                )
    head = "## Waking up\n\nA single change after silence, commit on A to commit on B.\n\n"
    return head + table(["", "ms", "× floor", "changes"], rows), metrics(figure)
