#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the .def tables to their legends: rows sorted as they say, nothing twice, every BIF's C function named after it.

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
    rows = re.findall(r'^BIF\("([^"]+)", "([^"]+)", (\d+), (\w+), (GUARD|PLAIN|LONG|BLOCKING), ', path.read_text(), re.M)
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

if seen < 1200:
    faults.append(f"only {seen} rows found: the check looks at the wrong place")
for f in faults:
    print(f)
sys.exit(1 if faults else 0)
