"""The judge is judged: histories in which something is wrong are found out, and those in which nothing is are
not."""
import pathlib
import sys
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / "e2e")]

from judge import Judge, watch_violations  # noqa: E402


def event(revision, name, id=None, event=None):
    e = {"revision": revision, "namespace": "default", "kind": "configmaps", "name": name,
         "event": event or ("Updated" if id else "Removed")}
    return {**e, "body": {"metadata": {"annotations": {"op": id}}}} if id else e


def did(op, id, times, outcome="ok", name="c", **facts):
    record = {"client": "w", "op": op, "kind": "configmaps", "name": name, "began": times[0],
              "ended": times[1], "outcome": outcome, "status": 200, **facts}
    if op in ("create", "update"):
        record.update(id=id, value=id)
    elif op == "get":
        record["value"] = id
    return record


class Watched:
    kind, start_at, until, trouble = "configmaps", 0, 99, None

    def __init__(self, *seen):
        self.seen = list(seen)


LOG = [event(1, "c", "a", "Created"), event(2, "c", "b"), event(3, "c"), event(4, "c", "d", "Created")]
ALL = [did("create", "a", (0, 1), revision=1), did("update", "b", (2, 3), revision=2, expect=1),
       did("delete", None, (4, 5), expect=2), did("create", "d", (6, 7), revision=4)]


class TheJudge(unittest.TestCase):
    def verdict(self, *more, history=ALL, log=LOG):
        lost, wrong = Judge([*history, *more], log).verdict()
        return len(lost), len(wrong)

    def test_what_is_right_is_found_right(self):
        self.assertEqual(self.verdict(), (0, 0))
        self.assertEqual(self.verdict(
            did("get", "a", (1, 2.5), revision=1), did("get", "b", (2.5, 4.5), revision=2),
            did("list", None, (2, 6), revision=2, items={"c": 2}, name=None),
            did("get", None, (5, 6.5), "refused", status=404),
            did("update", "x", (2, 4), "refused", status=409, expect=1),
            did("create", "y", (0, 9), "unknown"),
            did("delete", None, (2, 9), "unknown", expect=1)), (0, 0))

    def test_an_unknown_write_may_have_been_done_late_but_not_early(self):
        done = [did("create", "a", (0, 1), revision=1), did("update", "b", (0.5, 0.6), "unknown", expect=1)]
        log, read = LOG[:2], did("get", "b", (8, 9), revision=2)
        self.assertEqual(self.verdict(read, history=done, log=log), (0, 0))
        early = did("get", "b", (0.1, 0.2), revision=2)
        self.assertGreater(self.verdict(early, history=done, log=log)[1], 0)

    def test_an_acknowledged_write_that_the_log_does_not_have_is_lost(self):
        self.assertEqual(self.verdict(did("create", "z", (8, 9), revision=5))[0], 1)
        self.assertEqual(self.verdict(history=ALL[:3], log=LOG[:2])[0], 1, "a deletion too")

    def test_reads_of_what_is_over_or_not_yet(self):
        for read in (did("get", "a", (3.5, 4), revision=1), did("get", "d", (4, 5), revision=4),
                     did("get", "q", (1, 2), revision=1), did("get", "a", (0, 9), revision=7),
                     did("get", None, (3.1, 3.9), "refused", status=404),
                     did("list", None, (6, 9), revision=4, items={}, name=None),
                     did("list", None, (8, 9), revision=2, items={"c": 2}, name=None)):
            self.assertGreater(self.verdict(read)[1], 0, read)

    def test_writes_on_a_version_that_was_not_there(self):
        log = [*LOG, event(5, "c", "e")]
        for write in (did("update", "e", (8, 9), revision=5, expect=2),
                      did("create", "e", (8, 9), revision=5)):
            self.assertGreater(self.verdict(write, log=log)[1], 0, write)
        self.assertEqual(self.verdict(did("update", "e", (8, 9), revision=5, expect=4), log=log), (0, 0))

    def test_an_answer_shows_the_write_or_what_came_of_it(self):
        def create(**shown):
            return [{**ALL[0], **shown}]
        log = LOG[:2]
        stranger = did("update", "b", (0, 1), "unknown", expect=1)
        for shown, wrong in (({"revision": 1, "value": "a"}, 0), ({"revision": 2, "value": "b"}, 0),
                             ({"revision": 2, "value": "a"}, 1), ({"revision": 9, "value": "a"}, 1)):
            found = self.verdict(stranger, history=create(**shown), log=log)
            self.assertEqual(found, (0, wrong), shown)

    def test_refusals_without_a_reason(self):
        for refusal in (did("update", "e", (8, 9), "refused", status=409, expect=4),
                        did("update", "e", (8, 9), "refused", status=404, expect=4),
                        did("create", "e", (5.2, 5.8), "refused", status=409),
                        did("update", "b", (2, 3), "refused", status=409, expect=1)):
            self.assertGreater(self.verdict(refusal)[1], 0, refusal)

    def test_what_nobody_asked_for_and_what_was_done_twice(self):
        self.assertGreater(self.verdict(log=[*LOG, event(5, "c", "stranger")])[1], 0)
        self.assertGreater(self.verdict(log=[*LOG, event(5, "c")])[1], 0)
        again = [*LOG, event(5, "c"), event(6, "c", "d", "Created")]
        self.assertGreater(self.verdict(did("delete", None, (8, 9), expect=4), log=again)[1], 0)
        self.assertGreater(self.verdict(did("delete", None, (4, 5), expect=2))[1], 0)

    def test_watchers(self):
        told = [(1, "ADDED", "c"), (2, "MODIFIED", "c"), (3, "DELETED", "c"), (4, "ADDED", "c")]
        self.assertEqual(watch_violations([Watched(*told)], LOG), [])
        for seen in (told[:3], told[1:], [told[0], *told], [told[1], told[0], *told[2:]]):
            self.assertEqual(len(watch_violations([Watched(*seen)], LOG)), 1)


if __name__ == "__main__":
    unittest.main()
