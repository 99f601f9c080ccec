"""Holds a history (see load.py) against what the masters' log says, and the watchers against both.

The log gives one order to all versions: their revisions. A history is linearizable in that order when each
revision can be given a moment so that moments rise with revisions and every operation has its moment between
its call and its answer. An acknowledged write bounds the moment of its revision from both sides; one of
unknown outcome that the log knows only from below, and one that the log does not know not at all; a read says
that its version was there before the read ended, and the next one not before it began. Such bounds can be met
exactly when no lower bound of a revision exceeds an upper bound of the same or a later one."""
import bisect
import math

from watching import WATCH_TYPE

WRITES = ("create", "update", "delete")


class Version:
    def __init__(self, revision, value, gone, before):
        self.revision, self.value, self.gone = revision, value, gone
        self.before, self.after = before, None
        self.fresh = before is None or before.gone or before.value != value  # somebody wrote it
        if before:
            before.after = self


class Truth:
    """The versions of each object that clients shared, as the log tells them."""

    def __init__(self, events, keys):
        self.objects = {}  # (kind, name) -> [Version]
        self.by_revision, self.by_value, self.doubles = {}, {}, []
        self.revisions = [e["revision"] for e in events]
        for e in events:
            if e.get("namespace") == "default" and (e["kind"], e["name"]) in keys:
                self.take(e)

    def take(self, e):
        line = self.objects.setdefault((e["kind"], e["name"]), [])
        before = line[-1] if line else None
        gone = e["event"] == "Removed"
        value = None if gone else before.value if "body" not in e and before else \
            e["body"]["metadata"].get("annotations", {}).get("op")
        version = Version(e["revision"], value, gone, before)
        line.append(version)
        self.by_revision[version.revision] = version
        if version.fresh and not gone:
            if value in self.by_value:
                self.doubles.append(value)
            self.by_value[value] = version

    def at(self, key, revision):
        """The version of an object that a state of this revision has; None: it had never been."""
        line = self.objects.get(key, [])
        k = bisect.bisect_right(line, revision, key=lambda v: v.revision)
        return line[k - 1] if k else None

    def next_revision(self, revision):
        k = bisect.bisect_right(self.revisions, revision)
        return self.revisions[k] if k < len(self.revisions) else None


class Bounds:
    """When each revision can have come about."""

    def __init__(self):
        self.lower, self.upper = {}, {}

    def not_before(self, revision, time, why):
        if revision is not None and time > self.lower.get(revision, (-math.inf, None))[0]:
            self.lower[revision] = (time, why)

    def not_after(self, revision, time, why):
        if revision and time < self.upper.get(revision, (math.inf, None))[0]:
            self.upper[revision] = (time, why)

    def settle(self):
        """The violations; afterwards earliest() and latest() answer for any revision."""
        revisions = sorted({*self.lower, *self.upper})
        found, highest = [], (-math.inf, None)
        self.order, self.highest = revisions, []
        for r in revisions:
            highest = max(highest, self.lower.get(r, highest), key=lambda b: b[0])
            self.highest.append(highest[0])
            least = self.upper.get(r)
            if least and least[0] < highest[0]:
                found.append(f"revision {r} by {least[0]:.4f} ({least[1]}), though an earlier or the "
                             f"same one not before {highest[0]:.4f} ({highest[1]})")
        lowest, self.lowest = math.inf, [math.inf] * len(revisions)
        for k in range(len(revisions) - 1, -1, -1):
            lowest = min(lowest, self.upper.get(revisions[k], (math.inf,))[0])
            self.lowest[k] = lowest
        return found

    def earliest(self, revision):
        k = bisect.bisect_right(self.order, revision)
        return self.highest[k - 1] if k else -math.inf

    def latest(self, revision):
        k = bisect.bisect_left(self.order, revision)
        return self.lowest[k] if k < len(self.order) else math.inf


def story(record):
    return " ".join(str(record.get(f)) for f in ("client", "op", "name", "id", "revision", "status"))


class Judge:
    def __init__(self, history, events):
        self.keys = {(r["kind"], r["name"]) for r in history if r["op"] in WRITES}
        self.history, self.truth, self.bounds = history, Truth(events, self.keys), Bounds()
        self.lost, self.wrong = [], []
        self.deleted = {}  # the version that was to be deleted -> the requests

    def verdict(self):
        """(acknowledged and lost, not linearizable): lists of sentences."""
        for record in self.history:
            if record["op"] == "delete":
                self.delete(record)
            elif record["op"] in WRITES:
                self.write(record)
            elif record["outcome"] == "ok":
                self.read(record)
        self.deletions()
        asked = {r["id"] for r in self.history if "id" in r}
        self.wrong += [f"nobody asked for {value}" for value in self.truth.by_value
                       if value not in asked]
        self.wrong += [f"{value} was done twice" for value in self.truth.doubles]
        self.wrong += self.bounds.settle()
        for record in self.history:
            if record["outcome"] == "refused":
                self.refusal(record)
        return self.lost, self.wrong

    def write(self, r):
        version = self.truth.by_value.get(r["id"])
        if r["outcome"] == "ok" and not version:
            self.lost.append(story(r))
            return
        if not version:
            return
        if r["outcome"] == "refused":
            self.wrong.append(f"refused and done: {story(r)}")
        self.bounds.not_before(version.revision, r["began"], story(r))
        if r["outcome"] == "ok":
            self.shown(r, version)
        before = version.before
        if r["op"] == "create" and before and not before.gone:
            self.wrong.append(f"created over {before.revision}: {story(r)}")
        if r["op"] == "update" and (not before or before.revision != r["expect"]):
            self.wrong.append(f"not over the version it named: {story(r)}")

    def shown(self, r, version):
        """The answer of a write shows its own version or, where it was asked for again after the leader
        was lost, what has become of it since."""
        shown = self.truth.by_revision.get(r["revision"])
        if not shown or shown.gone or shown.value != r["value"] or \
                shown.revision < version.revision:
            self.wrong.append(f"answered with another version: {story(r)}")
        self.bounds.not_after(r["revision"], r["ended"], story(r))

    def delete(self, r):
        if r["outcome"] != "refused":
            self.deleted.setdefault(r["expect"], []).append(r)

    def deletions(self):
        for expect, requests in self.deleted.items():
            done = [r for r in requests if r["outcome"] == "ok"]
            version = self.truth.by_revision.get(expect)
            end = version.after if version else None
            if done and not (end and end.gone):
                self.lost.append(story(done[0]))
            elif len(done) > 1:
                self.wrong.append(f"deleted twice: {story(done[0])} and {story(done[1])}")
            elif end and end.gone:
                self.bounds.not_before(end.revision, min(r["began"] for r in done or requests),
                                       "its deletion")
                for r in done:
                    self.bounds.not_after(end.revision, r["ended"], story(r))
        for line in self.truth.objects.values():
            self.wrong += [f"nobody asked for the deletion at {v.revision}" for v in line
                           if v.gone and v.before.revision not in self.deleted]

    def read(self, r):
        if r["op"] == "list":
            self.read_list(r)
            return
        version = self.truth.by_revision.get(r["revision"])
        if not version or version.gone or version.value != r["value"]:
            self.wrong.append(f"read what never was: {story(r)}")
            return
        self.bounds.not_after(version.revision, r["ended"], story(r))
        if version.after:
            self.bounds.not_before(version.after.revision, r["began"], story(r))

    def read_list(self, r):
        state = {}
        for kind, name in self.truth.objects:
            version = self.truth.at((kind, name), r["revision"])
            if kind == r["kind"] and version and not version.gone:
                state[name] = version.revision
        items = {n: at for n, at in r["items"].items() if (r["kind"], n) in self.keys}
        if state != items:
            self.wrong.append(f"not the state at its revision: {story(r)}")
        self.bounds.not_after(r["revision"], r["ended"], story(r))
        self.bounds.not_before(self.truth.next_revision(r["revision"]), r["began"], story(r))

    def possible(self, version, r):
        """May this version (None: none yet) have been the object's while the operation ran?"""
        after = version.after if version else self.first(r)
        return (not version or self.bounds.earliest(version.revision) <= r["ended"]) and \
               (not after or self.bounds.latest(after.revision) >= r["began"])

    def first(self, r):
        return next(iter(self.truth.objects.get((r["kind"], r["name"]), [])), None)

    def refusal(self, r):
        """A refusal needs a moment at which it was right."""
        line = [None, *self.truth.objects.get((r["kind"], r["name"]), [])]
        now = [v for v in line if self.possible(v, r)]
        absent = [v for v in now if not v or v.gone]
        other = [v for v in now if v and not v.gone and v.revision != r.get("expect")]
        if r["status"] == 404 and not absent:
            self.wrong.append(f"was there all the time: {story(r)}")
        if r["status"] == 409 and not other and not (absent and r["op"] != "create"):
            self.wrong.append(f"there was no conflict: {story(r)}")


def watch_violations(watchers, events):
    """Sentences about watchers that did not see exactly what the log tells, in its order."""
    found = []
    for watcher in watchers:
        told = [(e["revision"], WATCH_TYPE.get(e["event"], "MODIFIED"), e["name"]) for e in events
                if e["kind"] == watcher.kind and e.get("namespace") == "default" and
                watcher.start_at < e["revision"] <= watcher.until]
        seen = [s for s in watcher.seen if s[0] <= watcher.until]
        if watcher.trouble:
            found.append(f"{watcher.kind}: {watcher.trouble}")
        elif seen != told:
            at = next((k for k, (a, b) in enumerate(zip(seen, told)) if a != b),
                      min(len(seen), len(told)))
            found.append(f"{watcher.kind}: saw {seen[at:at + 2]} where the log has {told[at:at + 2]}")
    return found
