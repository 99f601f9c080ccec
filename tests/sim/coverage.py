#!/usr/bin/env python3
"""What gcov counted, by room, and the files that miss most: coverage.py BUILD [-l FILE, or a part of its name]"""
import json
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
ROOMS = ["raft", "store", "actors"]
WORST = 12


def counted(build, room):
    """One record of gcov for each file of the room: those that no process has run count as missed."""
    for notes in sorted(pathlib.Path(build).glob(f"CMakeFiles/room_{room}.dir/**/*.gcno")):
        out = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", str(notes)],
                             capture_output=True, text=True, check=True).stdout
        for text in out.splitlines():
            for file in json.loads(text)["files"]:
                path = pathlib.Path(file["file"])
                if path.suffix == ".c" and path.is_relative_to(TOP / "src" / room):
                    yield path, file["lines"]


def no_branch(source, number):
    return "assert(" in source[number - 1]


def sums(path, lines):
    source = path.read_text().split("\n")
    hit = sum(line["count"] > 0 for line in lines)
    branches = [b["count"] > 0 for line in lines for b in line["branches"]
                if not no_branch(source, line["line_number"])]
    return hit, len(lines), sum(branches), len(branches)


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def show(path, lines):
    """What of a file was not run: `#` a line, `b` a branch of it."""
    source = path.read_text().split("\n")
    print(f"{path.relative_to(TOP)}:")
    for line in lines:
        number = line["line_number"]
        missed = [b for b in line["branches"] if not b["count"]]
        if line["count"] == 0 or (missed and not no_branch(source, number)):
            print(f"{'#' if line['count'] == 0 else 'b'} {number:4} {source[number - 1]}")


def main():
    build, wanted = sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else None
    files = []
    for room in ROOMS:
        total = [0, 0, 0, 0]
        for path, lines in counted(build, room):
            if wanted:
                if wanted in str(path):
                    show(path, lines)
                continue
            of = sums(path, lines)
            total = [a + b for a, b in zip(total, of)]
            files.append((of[3] - of[2], path, of))
        if not wanted:
            print(f"src/{room}: {percent(total[0], total[1]):.1f} % of {total[1]} lines, "
                  f"{percent(total[2], total[3]):.1f} % of {total[3]} branches")
    for missed, path, of in sorted(files, reverse=True)[:WORST]:
        print(f"  {missed:4} branches missed ({percent(of[2], of[3]):.0f} % taken, "
              f"{percent(of[0], of[1]):.0f} % of lines)  {path.relative_to(TOP)}")


if __name__ == "__main__":
    main()
