# SPDX-License-Identifier: Apache-2.0
# For the scripts in cases/: a fresh unit, and ways to say what must hold.
set -u
export SYSTEMD_PAGER=cat LC_ALL=C.UTF-8
ebin=/var/lib/beamr-e2e/ebin
unit_dir=/usr/local/lib/systemd/system
[ -d $unit_dir ] || unit_dir=/usr/lib/systemd/system

fail() {
	echo "FAILED: $*" >&2
	journalctl -q --no-hostname -u beamrd.service -n 12 >&2
	exit 1
}
skip() { echo "$*"; exit 77; }

# status N COMMAND...: it exits with N.
status() {
	local want=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" = "$want" ] || fail "exit status $got instead of $want: $*"
}

# same WHAT GOT WANTED
same() { [ "$2" = "$3" ] || fail "$1 is '$2' instead of '$3'"; }

# within SECONDS COMMAND...: it succeeds before that.
within() {
	local until=$((SECONDS + 6 * $1)) # of a machine that does nothing else; others are slower
	shift
	until "$@"; do
		[ $SECONDS -lt $until ] || fail "not in time: $*"
		sleep .05
	done
}

socket_owner() { stat -c '%a %U:%G' /run/beamr/io.beamr.Daemon; }
active() { systemctl is-active "$1" 2>/dev/null; }
is_active() { [ "$(active "$1")" = active ]; }
show() { systemctl show -P "$2" "$1"; }
# Journal entries of this run of the test.
journal() { journalctl --sync 2>/dev/null; journalctl -q --all --since="$begin" "$@"; }
# as USER-GROUPS COMMAND...: nobody, with these supplementary groups (comma between; "-" for none)
as() {
	local groups=$1
	shift
	if [ "$groups" = - ]; then
		setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
	else
		setpriv --reuid=nobody --regid=nogroup --groups "$groups" "$@"
	fi
}

# The configuration of the case, on top of what all need.
configure() {
	{ printf '[daemon]\notp-root = /opt/otp\n'; cat; } >/etc/beamrd/beamrd.conf
	chmod 644 /etc/beamrd/beamrd.conf
}

# drop_in NAME: a unit drop-in from stdin
drop_in() {
	mkdir -p /run/systemd/system/beamrd.service.d
	cat >/run/systemd/system/beamrd.service.d/"$1".conf
	systemctl daemon-reload
}

systemctl stop beamrd.socket beamrd.service 2>/dev/null
rm -rf /run/systemd/system/beamrd.service.d
configure </dev/null
systemctl daemon-reload
systemctl reset-failed 2>/dev/null
begin=$(date '+%F %T.%6N')
systemctl start beamrd.socket || fail "the socket unit does not start"
