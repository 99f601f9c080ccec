"""Inside the sandbox: one run of one fault. Prints one line of JSON, its figures."""
import json
import pathlib
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

import kinds_watch  # noqa: E402,F401  (each adds its kinds; those that take longest come first)
import kinds_mixed  # noqa: E402,F401
import kinds_network  # noqa: E402,F401
import kinds_process  # noqa: E402,F401
import kinds_orderly  # noqa: E402,F401
import kinds_disk  # noqa: E402,F401
from kinds import KINDS  # noqa: E402
from scene import Scene  # noqa: E402


def run_one(name, seed, dir, wires):
    play, _, needs = KINDS[name]
    began = time.monotonic()
    scene, result = None, {"fault": name, "seed": seed}
    try:
        scene = Scene(seed, dir, wires and not needs.get("loopback"), wires, needs.get("options", ()),
                      needs.get("disks"), **needs.get("load", {}))
        result.update(scene.run(play))
        bad = ("lost", "linearizability", "watch", "broken")
        result["passed"] = not any(result[b] for b in bad)
    except Exception as e:  # whatever it was, the run of the others goes on, and this one has failed
        result.update(passed=False, trouble=f"{type(e).__name__}: {e}",
                      trace=traceback.format_exc(), notes=scene.notes if scene else [])
    finally:
        if scene:
            scene.close()
    return {**result, "seconds": round(time.monotonic() - began, 1)}


if __name__ == "__main__":
    name, seed, dir, wires, out = sys.argv[1:]
    figures = run_one(name, int(seed), pathlib.Path(dir), wires == "wires")
    pathlib.Path(out).write_text(json.dumps(figures) + "\n")
