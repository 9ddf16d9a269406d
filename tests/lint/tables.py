#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the .def tables to their legends: rows sorted as they say, nothing twice, every BIF's C function named after it.

Two changes of one row may both stand in a table after a merge; so in every .def no row may stand twice, nor two rows that
begin alike (by how many arguments rows of a kind are told apart: `told_by`).

Prints one line a fault; exit status 1 when there is one."""
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
faults = []
seen = 0


def fault(path, text):
    faults.append(f"{path.relative_to(root)}: {text}")


def in_order(path, keys, what):
    for before, after in zip(keys, keys[1:]):
        if before == after:
            fault(path, f"{what} {after} stands twice")
        elif before > after:
            fault(path, f"{what} {after} comes after {before}")


atoms = root / "lib/term/atoms.def"
texts = re.findall(r'^ATOM\(\w+,\s*"((?:[^"\\]|\\.)*)"\)', atoms.read_text(), re.M)
in_order(atoms, texts, "atom")
seen += len(texts)

everywhere = {}
for path in sorted((root / "lib/bif").glob("*.def")):
    rows = re.findall(r'^BIF\("([^"]+)", "([^"]+)", (\d+), (\w+), (GUARD|PLAIN|LONG|WIDE|LONG_DEED|LATE|BLOCKING), ', path.read_text(), re.M)
    lines = re.findall(r"^BIF\(", path.read_text(), re.M)
    if len(rows) != len(lines):
        fault(path, f"{len(lines) - len(rows)} rows have another form")
    in_order(path, [(m, f, int(a)) for m, f, a, _, _ in rows], "function")
    for m, f, a, c, _ in rows:
        seen += 1
        if (m, f, a) in everywhere:
            fault(path, f"{m}:{f}/{a} stands in {everywhere[m, f, a].name} as well")
        everywhere[m, f, a] = path
        if not c.startswith("bif_") or not c.endswith(f"_{a}"):
            fault(path, f"{m}:{f}/{a} is {c}: a BIF's C function is bif_..._ARITY")

bifs = root / "lib/bif/bifs.def"
chapters = re.findall(r'#include "bif/([\w.]+)"', bifs.read_text())
in_order(bifs, chapters, "chapter")

ops = root / "lib/code/ops.def"
numbers = [int(n) for n in re.findall(r"^OP\(\s*(\d+),", ops.read_text(), re.M)]
if numbers != list(range(1, len(numbers) + 1)):
    fault(ops, "instructions are not numbered from 1 without a gap")
seen += len(numbers)

told_by = {"BIF": 3, "FAIL": 2, "FIELD": 2, "GUARD": 2, "IN": 2, "INFO": 2, "OPTION": 3, "OUT": 2, "PAIR": 2, "PARAM": 2, "PART": 3, "SINCE": 5, "VALUE": 2, "WORD": 3}
argument = r'\s*("(?:[^"\\]|\\.)*"|[^,()]+)'
for place in ("lib", "conf", "tests", "daemon", "ctl"):
    for path in sorted((root / place).rglob("*.def")):
        rows = set()
        for line in path.read_text().splitlines():
            head = re.match(r"\s*(\w+)\s*\(" + argument, line)
            if head:
                count = told_by.get(head[1], 1)
                row = re.match(r"\s*(\w+)\s*\(" + ",".join([argument] * count), line)
                key = tuple(a.strip() for a in row.groups()) if row else line.strip()
            elif "\t" in line.strip() and not line.startswith(("#", "\t")):
                key = line.split("\t")[0]
            else:
                continue
            seen += 1
            if key in rows:
                fault(path, f"{key if isinstance(key, str) else ', '.join(key)} stands twice")
            rows.add(key)

if seen < 4000:
    faults.append(f"only {seen} rows found: the check looks at the wrong place")
for f in faults:
    print(f)
sys.exit(1 if faults else 0)
