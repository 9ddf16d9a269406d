# SPDX-License-Identifier: Apache-2.0
# Broken messages on the control socket, N connections' worth, while others are served and memory stays flat.
#   abuse.py SOCKET N
import json, os, random, select, socket, sys, time

path, total = sys.argv[1], int(sys.argv[2])
random.seed(7)


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(path)
    return s


class Client:
    def __init__(self):
        self.s, self.rest = connect(), b""

    def call(self, method, parameters=None, **flags):
        message = {"method": method, "parameters": parameters or {}}
        message.update(flags)
        self.s.sendall(json.dumps(message).encode() + b"\0")
        return self.reply()

    def reply(self):
        while b"\0" not in self.rest:
            got = self.s.recv(65536)
            assert got, "closed without an answer"
            self.rest += got
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)


good = Client()
pid = good.call("io.beamr.Daemon.Describe")["parameters"]["mainPid"]


def rss():
    try:
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    except OSError:
        return 0
    return 0


PING = b'{"method":"io.beamr.Daemon.Ping","parameters":{}}'
BROKEN = [
    b"\0", b"{}\0", b"[]\0", b"null\0", b"{\0", b'{"method":\0', b'{"method":1}\0', b'{"method":"x"}\0', b'{"method":"."}\0',
    b'{"method":"io.beamr.Daemon.Nope"}\0', b'{"method":"io.beamr.Daemon.Ping","parameters":[]}\0',
    b'{"method":"io.beamr.Daemon.Ping","parameters":{"a":1}}\0', b'{"method":"io.beamr.Daemon.Ping","more":true,"oneway":true}\0',
    b'{"method":"io.beamr.Daemon.Ping","upgrade":true}\0', b'{"method":"io.beamr.Daemon.Ping","method":"io.beamr.Daemon.Ping"}\0',
    b'{"method":"io.beamr.Daemon.Ping","more":1}\0', b'{"method":"io.beamr.Daemon.Ping","x":1}\0', b'{"method":"\xff\xfe"}\0',
    b'{"method":"io.beamr.Process.List","more":true,"parameters":{"match":{"mailboxMin":"x"}}}\0',
    b'{"method":"io.beamr.Process.List","more":true,"parameters":{"limit":123456789012345678901234567890}}\0',
    b'{"method":"io.beamr.Process.Describe","parameters":{"process":"<0.99999999999999999999.0>"}}\0',
    b'{"method":"io.beamr.Process.Describe","parameters":{"process":"\\u0000"}}\0',
    b'{"method":"io.beamr.Process.Describe","parameters":{"process":""}}\0',
    b'{"method":"io.beamr.Process.Exit","parameters":{"process":"a","kind":"nope"}}\0',
    *[b'{"method":"io.beamr.Process.PeekTable","parameters":{"service":"default","table":%s}}\0' % p for p in (
        b'""', b'"ac_tab","limit":-1', b'"ac_tab","limit":9223372036854775807', b'"ac_tab","maxText":0', b'"ac_tab","pageToken":""',
        b'"ac_tab","pageToken":"h"', b'"ac_tab","pageToken":"h1."', b'"ac_tab","pageToken":"hffffffffffffffff.ffffffffffffffff"',
        b'"ac_tab","pageToken":"h0.0"', b'"ac_tab","pageToken":"hfffffffffffffffff.0"', b'"ac_tab","pageToken":"k"',
        b'"ac_tab","pageToken":"k83"', b'"ac_tab","pageToken":"k8364000161"', b'"ac_tab","pageToken":"kzz"',
        b'"ac_tab","key":{}', b'"ac_tab","key":{"text":"{"}', b'"ac_tab","key":{"etf":"g2QAAWE="}', b'"#Ref<0.1.2.3>"', b'"#Ref<' + b"9" * 99 + b'"',
        b'"0.0.0.0"', b'"#Fun<a.b.c>"', b'"' + b"x" * 1000 + b'"', b'"\\u0000"', b'7')],
    b'{"method":"io.beamr.Process.ListTables","parameters":{}}\0',
    b'{"method":"io.beamr.Process.ListTables","more":true,"parameters":{"sort":"x"}}\0',
    b'{"method":"io.beamr.Process.ListTables","more":true,"parameters":{"limit":-5}}\0',
    b'{"method":"io.beamr.Process.ListTables","more":true,"parameters":{"service":"nowhere"}}\0',
    b'{"method":"io.beamr.Process.ListTables","more":true,"parameters":{}}\0',
    *[b'{"method":"io.beamr.Process.%s","parameters":{"process":%s}}\0' % (m, p)
      for m in (b"Suspend", b"Resume", b"CollectGarbage") for p in (b'"<0.99999999999.0>"', b'"<0.1"', b'""', b"null", b"{}", b'"a","service":"b"')],
    b'{"method":"io.beamr.Process.CollectGarbage","parameters":{"major":1}}\0', b'{"method":"io.beamr.Process.CollectGarbage","parameters":{}}\0',
    b'{"method":"io.beamr.Daemon.CheckHealth","parameters":{"checks":["x"]}}\0', b'{"method":"io.beamr.Daemon.CheckHealth","parameters":{"checks":"x"}}\0',
    b'{"method":"io.beamr.Daemon.CheckHealth","parameters":{}}\0', b'{"method":"io.beamr.Daemon.GetMetrics","parameters":{}}\0',
    b'{"method":"io.beamr.Daemon.GetMetrics","parameters":{"service":"../.."}}\0',
    b'{"method":"io.beamr.Daemon.GetLogLevel","parameters":{"service":"nowhere"}}\0', b'{"method":"io.beamr.Daemon.GetLogLevel","parameters":{"level":1}}\0',
    *[b'{"method":"io.beamr.Daemon.SetLogLevel","parameters":{%s}}\0' % p for p in (
        b"", b'"level":"loud"', b'"level":7', b'"level":"debug","durationUSec":0', b'"level":"debug","durationUSec":-1', b'"level":"debug","durationUSec":9223372036854775807',
        b'"level":"debug","process":"<0.1.0>"', b'"level":"debug","module":"m"', b'"level":"debug","service":"nowhere"',
        b'"level":"debug","service":"default","module":""', b'"level":"debug","service":"default","module":"' + b"x" * 300 + b'"',
        b'"level":"inherit","service":"default","module":"' + b"x" * 5000 + b'"', b'"level":"inherit","service":"default"', b'"level":"inherit"')],
    *[b'{"method":"io.beamr.Daemon.Drain","parameters":{%s}}\0' % p for p in (
        b'"service":"nowhere"', b'"service":""', b'"service":7', b'"timeoutUSec":0', b'"timeoutUSec":-1', b'"timeoutUSec":9223372036854775807', b'"all":true')],
    *[b'{"method":"io.beamr.Process.List","more":true,"parameters":{%s}}\0' % p for p in (
        b'"sampleUSec":0', b'"sampleUSec":-1', b'"sampleUSec":9223372036854775807', b'"sort":"reductionsDelta"', b'"sampleUSec":60000000',
        b'"sampleUSec":1,"sort":"reductionsDelta"')],
    b"[" * 3000 + b"\0", b'{"a":' * 3000 + b"\0", b"9" * 5000 + b"\0", b'"' + b"\xc3" * 1000 + b'"\0',
    PING, PING[:10], PING + b"\0" + PING[:20], b"\xff" * 300, b"x" * 100000,
]


def abuse(kind):
    s = connect()
    try:
        s.sendall(BROKEN[kind])
        if random.random() < 0.002:
            s.settimeout(0.05)
            try:
                s.recv(4096)
            except TimeoutError:
                pass
    except (BrokenPipeError, ConnectionResetError):
        pass
    s.close()


def served(what):
    begun = time.monotonic()
    assert Client().call("io.beamr.Daemon.Ping") == {"parameters": {}}, what
    took = time.monotonic() - begun
    assert took < 2.0, f"{what}: a ping took {took:.3f} s"
    return took


before, worst = 0, 0.0
for i in range(total):
    abuse(i % len(BROKEN) if i % 3 else random.randrange(len(BROKEN)))
    if i == total // 5:
        before = rss()
    if i % 500 == 0:
        worst = max(worst, served("in the middle"))
time.sleep(0.2)
after = rss()
print(f"{total} connections, {before} kB before, {after} kB after, worst ping {worst * 1000:.1f} ms")
loose = bool(os.environ.get("ASAN_OPTIONS") or os.environ.get("TSAN_OPTIONS"))  # a sanitizer keeps what was freed
assert loose or after - before < 8192, "memory grew"

# A message that is too long is refused before it ends.
s = connect()
sent = 0
try:
    while sent < 40 << 20:
        sent += s.send(b"y" * 65536)
except (BrokenPipeError, ConnectionResetError):
    pass
assert sent <= 24 << 20, f"{sent} bytes without a NUL were taken"
s.close()
served("after a long message")

# Many connections that say nothing.
idle = []
try:
    for _ in range(1000):
        idle.append(connect())
except OSError:
    pass
served("with idle connections")
for s in idle:
    s.close()

# One who asks for streams and does not read.
slow = connect()
slow.sendall(b'{"method":"io.beamr.Process.ListModules","more":true,"parameters":{}}\0' * 2000)
served("with a slow reader")
mark = rss()
for _ in range(50):
    served("with a slow reader")
assert loose or rss() - mark < 8192, "what a slow reader does not take piles up"
slow.close()

# Calls may be sent ahead; answers come in their order.
c = Client()
c.s.sendall((PING + b"\0" + b'{"method":"io.beamr.Daemon.Nope"}\0') * 100)
for _ in range(100):
    assert c.reply() == {"parameters": {}}
    assert c.reply()["error"] == "org.varlink.service.MethodNotFound"
assert good.call("io.beamr.Daemon.Ping") == {"parameters": {}}
print("served to the end")
