# SPDX-License-Identifier: Apache-2.0
# For the scripts in local/: a private daemon below a folder of its own, ended with the script.
set -u
export LC_ALL=C.UTF-8
src=${E2E_SRC:?}
build=${BEAMR_BUILD:?}
state=$(mktemp -d)
export BEAMR_SOCKET=$state/io.beamr.Daemon
export PATH=$build/ctl:$build/daemon:$PATH
ebin=$src/ebin

fail() {
	echo "FAILED: $*" >&2
	[ -s "$state/log" ] && tail -5 "$state/log" >&2
	grep -m1 -A25 'Sanitizer:\|runtime error:' "$state/log" >&2 # what a sanitizer had to say
	exit 1
}
# Whether the daemon was built with one.
sanitized() { nm -D "$build/daemon/beamrd" 2>/dev/null | grep -q '__[at]san_init'; }
skip() { echo "$*"; exit 77; }
status() {
	local want=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" = "$want" ] || fail "exit status $got instead of $want: $*"
}
same() { [ "$2" = "$3" ] || fail "$1 is '$2' instead of '$3'"; }
within() {
	local until=$((SECONDS + 6 * $1)) # of a machine that does nothing else; others are slower
	shift
	until "$@"; do
		[ $SECONDS -lt $until ] || fail "not in time: $*"
		sleep .05
	done
}
start() {
	beamrd --socket "$BEAMR_SOCKET" --otp "$E2E_OTP" "$@" >"$state/log" 2>&1 &
	daemon=$!
	for _ in $(seq 1200); do
		beamrctl -q ping 2>/dev/null && return
		kill -0 $daemon 2>/dev/null || fail "the daemon does not start"
		sleep .05
	done
	fail "the daemon does not answer"
}
finish() {
	local left=$?
	if [ -n "${daemon-}" ] && kill -0 "$daemon" 2>/dev/null; then
		kill -TERM "$daemon"
		wait "$daemon" || left=$((left > 0 ? left : 1))
	fi
	rm -rf "$state"
	exit $left
}
trap finish EXIT
