#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every #include below lib/, daemon/ and ctl/ against the arrows in lib/README.md.

A room may include itself and what its arrow names; <room>_impl.h only itself. Each header must compile alone is checked by the
compiler in tests/lint/headers. Prints one line a fault; exit status 1 when there is one."""
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
text = (root / "lib/README.md").read_text()
block = re.search(r"```arrows\n(.*?)```", text, re.S)
if block is None:
    sys.exit("lib/README.md has no arrows block")
arrows = {}
for line in block.group(1).strip().splitlines():
    room, _, targets = line.partition("->")
    arrows[room.strip()] = set(targets.split())

faults = []
seen = 0
rooms = {p.name for p in (root / "lib").iterdir() if p.is_dir()}
for extra in sorted(rooms - set(arrows)):
    faults.append(f"lib/{extra}: the room has no arrow in lib/README.md")
for path in sorted((root / "lib").glob("*/*.[ch]")) + sorted((root / "lib").glob("*/*.def")):
    room = path.parent.name
    allowed = arrows.get(room, set()) | {room}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if match is None:
            continue
        seen += 1
        target = match.group(1)
        where = f"{path.relative_to(root)}:{number}"
        if room == "docgen" and target.endswith(".def"):
            continue
        if target == "beamr.h":
            if room != "vm":
                faults.append(f"{where}: only vm is behind beamr.h")
        elif "/" not in target:
            faults.append(f"{where}: \"{target}\" is not spelled from lib/")
        else:
            to = target.split("/")[0]
            if to not in allowed:
                faults.append(f"{where}: {room} may not include {to}")
            if target.endswith("_impl.h") and to != room:
                faults.append(f"{where}: {target} belongs to {to} alone")
if seen < 100:
    faults.append(f"only {seen} includes found: the check looks at the wrong place")
for fault in faults:
    print(fault)
sys.exit(1 if faults else 0)
