# SPDX-License-Identifier: Apache-2.0
# A small service manager: runs a program with sockets of its own and with what that puts into the store of descriptors, and again when it
# has ended, until a file STATE/over is there.   manager.py STATE PROGRAM...
# Sockets: a datagram socket STATE/dg as sock.dg, a listening TCP socket as sock.http. What the program tells goes to STATE/told.
import array, os, signal, socket, sys
state, program = sys.argv[1], sys.argv[2:]
dg = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
dg.bind(state + "/dg")
http = socket.socket()
http.bind(("127.0.0.1", 0))
http.listen()
with open(state + "/port", "w") as f:
    f.write(str(http.getsockname()[1]))
told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
told.bind(state + "/notify")
store = []  # (name, fd)
while not os.path.exists(state + "/over"):
    passed = [("sock.http", http.fileno()), ("sock.dg", dg.fileno())] + store
    pid = os.fork()
    if pid == 0:
        fds = [os.dup(os.dup(fd)) for _, fd in passed]
        high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i, inheritable=True)
        os.closerange(3 + len(high), 256)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(passed)), LISTEN_FDNAMES=":".join(n for n, _ in passed),
                          NOTIFY_SOCKET=state + "/notify")
        os.execvp(program[0], program)
    with open(state + "/pid", "w") as f:
        f.write(str(pid))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(-1)
    told.settimeout(.1)
    while True:
        done, _ = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        try:
            text, control, _, _ = told.recvmsg(4096, 1024)
        except TimeoutError:
            continue
        lines = dict(line.split("=", 1) for line in text.decode().splitlines() if "=" in line)
        fds = array.array("i")
        for level, kind, data in control:
            fds.frombytes(data[:len(data) // 4 * 4])
        if "FDSTOREREMOVE" in lines:
            store = [(n, fd) for n, fd in store if n != lines["FDNAME"]]
        if "FDSTORE" in lines:
            store += [(lines["FDNAME"], fd) for fd in fds]
        if "FDNAME" in lines:
            with open(state + "/told", "a") as f:
                f.write(" ".join(sorted(k for k in lines if k != "FDNAME")) + " " + lines["FDNAME"] + "\n")
