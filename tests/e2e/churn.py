#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Deploys, runs and removes services in a daemon, each with code of its own, and shows what is left of them.
#   churn.py BEAMRCTL DAEMON_PID STATE TEMPLATE ROUNDS SAMPLES
# TEMPLATE: a folder with churn_00000.beam and churn_00000.app; a round has its number in place of 00000 wherever it stands: in module,
# functions, atoms, literals. Each line of output is one sample, taken while no service is there:
#   ROUND RSS_KB DESCRIPTORS THREADS FILES MODULES PROCESSES ATOM_BYTES CODE_BYTES ETS_BYTES PROCESS_BYTES BINARY_BYTES TOTAL_BYTES
import json, os, shutil, struct, subprocess, sys, time, zlib

ctl, pid, state, template, rounds, samples = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6])
MARK = b"00000"


def numbered(beam, number):
    """The module with another number: chunk by chunk, literals unpacked and packed again."""
    mark = b"%05d" % number
    out, at = b"", 12
    while at < len(beam):
        name, size = beam[at:at + 4], struct.unpack(">I", beam[at + 4:at + 8])[0]
        data = beam[at + 8:at + 8 + size]
        at += 8 + (size + 3) // 4 * 4
        if name == b"LitT" and data[:4] != bytes(4):
            literals = zlib.decompress(data[4:]).replace(MARK, mark)
            data = struct.pack(">I", len(literals)) + zlib.compress(literals)
        else:
            data = data.replace(MARK, mark)
        out += name + struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)
    return b"FOR1" + struct.pack(">I", len(out) + 4) + b"BEAM" + out


def run(*arguments):
    done = subprocess.run([ctl, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    if done.returncode != 0:
        sys.exit("round %d: beamrctl %s: %d %s" % (number, " ".join(arguments), done.returncode, done.stderr.decode()))
    return done.stdout.decode()


def of_status(key):
    for line in open("/proc/%d/status" % pid):
        if line.startswith(key):
            return int(line.split()[1])


lowest = {"atomsUsed": 1 << 60, "code": 1 << 60}
PATIENCE = 100  # questions


def sample():
    # What was retired goes when schedulers come by: some are woken by each question.
    for _ in range(PATIENCE):
        memory = json.loads(run("mem", "--json"))
        memory = memory.get("memory", memory)
        if all(memory[key] <= least for key, least in lowest.items()):
            break
        time.sleep(0.1)
    for key in lowest:
        lowest[key] = min(lowest[key], memory[key])
    status = json.loads(run("status", "--json"))
    status = status.get("status", status)
    files = sum(len(names) + len(folders) for _, folders, names in os.walk(state))
    print(number, of_status("VmRSS"), len(os.listdir("/proc/%d/fd" % pid)), of_status("Threads"), files, status["modules"],
          status["processes"], memory["atomsUsed"], memory["code"], memory["ets"], memory["processes"], memory["binaries"],
          memory["total"], flush=True)


beam = open(template + "/churn_00000.beam", "rb").read()
app = open(template + "/churn_00000.app", "rb").read()
folder = template + "/round"
for number in range(1, rounds + 1):
    name = "churn_%05d" % number
    ebin = "%s/%s/ebin" % (folder, name)
    os.makedirs(ebin)
    open("%s/%s.beam" % (ebin, name), "wb").write(numbered(beam, number))
    open("%s/%s.app" % (ebin, name), "wb").write(app.replace(MARK, b"%05d" % number))
    run("deploy", folder, "--name", "churn", "--activate", "-q")
    run("wait", "churn", "--timeout", "60s", "-q")
    answer = run("-s", "churn", "call", name, "busy").strip()
    if answer != "ok":
        sys.exit("round %d: busy() gave %s" % (number, answer))
    run("rm", "churn", "--purge", "-q")
    shutil.rmtree(folder)
    if number % samples == 0 or number == rounds:
        sample()
