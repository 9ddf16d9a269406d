# SPDX-License-Identifier: Apache-2.0
"""A person at a terminal: types into a command, and says what it answers. terminal.py RELEASE COMMAND...
What is expected is what OTP 27 and 29 wrote for the same keys. Everything is waited for; nothing depends on how fast it comes."""
import fcntl, os, pty, select, signal, struct, sys, termios, time

LIMIT = 60  # seconds, of a machine that does other things as well


def session(command, steps):
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    screen = b""
    for keys, expected in steps:
        if callable(keys):
            keys(pid, fd)
        else:
            os.write(fd, keys)
        until = time.time() + LIMIT
        while expected not in screen:
            ready = select.select([fd], [], [], max(0, until - time.time()))[0]
            try:
                more = os.read(fd, 65536) if ready else b""
            except OSError:  # it has ended
                more = b""
            if not more:
                os.kill(pid, signal.SIGKILL)
                sys.exit("%r: no %r in %r" % (keys, expected, screen))
            screen += more
        screen = screen[screen.index(expected) + len(expected):]
    status = os.waitpid(pid, 0)[1]
    if status != 0:
        sys.exit("it ended with %d" % status)


def narrow(pid, fd):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 40, 0, 0))
    os.kill(pid, signal.SIGWINCH)


shows_no_password = sys.argv[1] == "27"  # 29 says {error, enotsup}
session(sys.argv[2:], [
    (b"", b"Eshell V"), (b"", b"1> "),
    (b"1+1.\r", b"\x1b[A\x1b[J1> 1+1.\r\n2\r\n2> "),
    (b"\x1b[A", b"\x1b[J2> 1+1."),  # the line before
    (b"\r", b"\x1b[J2> 1+1.\r\n2\r\n3> "),
    (b"abc\x01X\x05Y", b"Xabc\x08\x08\x08\x1b[C\x1b[C\x1b[CY"),  # at its beginning, at its end
    (b"\x17", b"\x08\x08\x08\x08\x08     "),  # the word away
    (b"lists:rev\t", b"lists:reverse("),
    (b"[1,2]).\r", b"[2,1]\r\n4> "),
    (b'io:get_line("name: ").\r', b"\r\nname: "),
    (b"bob\r", b'"bob\\n"\r\n5> '),
    (narrow, b""),
    (b"io:columns().\r", b"{ok,40}\r\n6> "),
    # Signals come before the one before was read.
    (b"f(),R=whereis(user_drv_reader).\r", b"\r\n7> "),
    (b"erlang:suspend_process(R),\r", b".. "),
    (b"[os:cmd(C)||C<-lists:duplicate(3,\r", b".. "),
    (b'"kill -WINCH "++os:getpid())],\r', b".. "),
    (b"erlang:resume_process(R).\r", b"true\r\n8> "),
] + ([
    (b"io:get_password().\r", b"8> io:get_password().\r\n"),
    (b"secret\r", b'\r\n"secret"\r\n9> '),  # which was not shown
] if shows_no_password else []) + [
    (b"h", b"h"),
    (b"\x15", b"\x08"),  # the line away
    (b"\x07", b"User switch command"), (b"", b" --> "),
    (b"h\r", b"q                 - quit erlang"), (b"", b" --> "),
    (b"c\r", b"> "),
    (b"halt().\r", b"halt()."),
])
