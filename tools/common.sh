# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What every tool here shares. Source it after `set -euo pipefail`.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
[[ ${BUILD-} != [!/]* ]] || BUILD=$PWD/$BUILD
build=${BUILD:-$top/build}
me=${0##*/}

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() { say "$@"; exit 1; }
bad() { say "$*" "(see $me --help)"; exit 2; }

# need OPTION [ARGUMENT...]: the option has an argument.
need() { (($# > 1)) || bad "$1 needs an argument"; }

# Print the leading comment of the script that runs, less the licence line.
usage() { sed -n '3,/^$/{/^$/d;s/^# \{0,1\}//p}' "$0"; }

# is_regex TEXT: is it a regular expression that tools/check-log takes?
is_regex() { python3 -c 'import re, sys; re.compile(sys.argv[1])' "$1" 2>/dev/null; }

# lock NAME: let no two tools change the same thing at the same time.
lock() {
	mkdir -p "$build/lock"
	exec {lock_fd}>"$build/lock/$1"
	if ! flock -n "$lock_fd"; then
		say "waiting for another $1 to end"
		flock "$lock_fd"
	fi
}
