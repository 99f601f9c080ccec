#!/usr/bin/env python3
"""What the tree asks of its own files: sizes, floors, and calls that have a better name here."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
LINES_MAX = 500  # a file that is longer holds more than one idea
FUNCTION_MAX = 80
COLUMNS_MAX = 120

# Who may include whom: only the same room or a lower floor.
FLOOR = {"base": 0, "proto": 1, "net": 2, "store": 2, "raft": 3, "actors": 3, "api": 4, "node": 4,
         "master": 5, "cli": 6}

BANNED = {
    r"\bstrcpy\(": "snprintf or buf_puts",
    r"\bsprintf\(": "snprintf or buf_printf",
    r"\bmalloc\(": "mem_alloc (base/mem.h)",
    r"\bcalloc\(": "mem_zalloc (base/mem.h)",
    r"\bgettimeofday\(": "the host's clock (base/host.h)",
    r"\b(TODO|FIXME|XXX)\b": "an issue, with its reason",
}
ALLOWED = {"src/base/mem.c"}


def check_function_lengths(path, lines, say):
    start = None
    for n, line in enumerate(lines, 1):
        if line == "{":
            start = n
        elif line == "}" and start is not None:
            if n - start > FUNCTION_MAX:
                say(path, start, f"a function of {n - start} lines; {FUNCTION_MAX} are allowed")
            start = None


def check_floors(path, n, line, say):
    room = path.split("/")[1]
    match = re.match(r'#include "([a-z]+)/', line)
    if not match or match.group(1) not in FLOOR or match.group(1) == room:
        return
    if FLOOR[match.group(1)] >= FLOOR[room]:
        say(path, n, f"{room} must not include {match.group(1)}: only lower floors")


def main():
    failures = []

    def say(path, n, text):
        failures.append(f"{path}:{n}: {text}")

    for file in sorted(TOP.glob("src/**/*.[ch]")) + sorted(TOP.glob("src/**/*.cpp")):
        path = str(file.relative_to(TOP))
        lines = file.read_text().split("\n")
        if len(lines) > LINES_MAX:
            say(path, len(lines), f"{len(lines)} lines; {LINES_MAX} are allowed")
        check_function_lengths(path, lines, say)
        for n, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX:
                say(path, n, f"{len(line)} columns; {COLUMNS_MAX} are allowed")
            check_floors(path, n, line, say)
            for pattern, better in BANNED.items():
                if path not in ALLOWED and re.search(pattern, line):
                    say(path, n, f"use {better}")
    print("\n".join(failures) if failures else "the tree keeps its own rules")
    return 1 if failures else 0


sys.exit(main())
