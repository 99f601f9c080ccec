"""Figures of many runs, one line a fault."""
import statistics

COLUMNS = ("fault", "runs", "acknowledged", "unknown", "lost", "not linearizable", "watch violations",
           "other", "without writes p50 / max", "rejoin p50 / max")


def seconds(values):
    values = [v for v in values if v is not None]
    return f"{statistics.median(values):.2f} / {max(values):.2f} s" if values else "-"


def row(fault, runs):
    judged = [r for r in runs if "lost" in r]

    def total(what):
        return sum(r[what] for r in judged)
    other = total("broken") + len(runs) - len(judged)
    return (fault, len(runs), total("acknowledged"), total("unknown"), total("lost"),
            total("linearizability"), total("watch"), other, seconds(r["gap"] for r in judged),
            seconds(r["rejoin"] for r in judged))


def table(results):
    faults = list(dict.fromkeys(r["fault"] for r in results))
    rows = [COLUMNS, *(row(f, [r for r in results if r["fault"] == f]) for f in faults)]
    sums = [sum(r[k] for r in rows[1:]) for k in range(1, 8)]
    rows.append(("all", *sums, "", ""))
    lines = ["| " + " | ".join(map(str, r)) + " |" for r in rows]
    return "\n".join([lines[0], "|---" * len(COLUMNS) + "|", *lines[1:]])
