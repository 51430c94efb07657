# TAP for command lines; sourced by tests/tools/*.t:
#
#     . "${0%/*}/tap.sh"
#     run 'pick --first 2 <"$samples" >two'     # any shell text, in a folder that is removed at the end
#     status 0                                  # exit status (of a pipeline: the last that failed)
#     stdout exactly 'one line'                 # whole text, without its last newlines
#     stderr like 'pick: *: expected*'          # glob over the whole text
#     ok 'the name' test -s two                 # any command
#     skip 'no data'                            # one check that cannot be run here
#     done_testing
#
# The programs are found in $BIN (default: bin beside tests), data sets in $SHARED (../shared).
set -u
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BIN=${BIN:-$ROOT/bin}
case $BIN in /*) ;; *) BIN=$PWD/$BIN ;; esac
SHARED=${SHARED:-$ROOT/../shared}
case $SHARED in /*) ;; *) SHARED=$PWD/$SHARED ;; esac
export ROOT BIN SHARED PATH="$BIN:$PATH" LC_ALL=C
ulimit -c 0

WORK=$(mktemp -d "${TMPDIR:-/tmp}/winnow-test.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$WORK/folder" && cd "$WORK/folder" || exit 1

# Whether two folders of a pipeline's run hold the same; what stages leave while they run is not told.
same_runs() { diff -r -x '*.tmp' -x '*.part' "$1" "$2"; }

# Kills a command, and all that it has started, as soon as it has made a file.
killed_at() { # file command...
    local file=$1 i
    set -m
    "${@:2}" >/dev/null 2>&1 &
    for ((i = 0; i < 1500; i++)); do
        [ ! -e "$file" ] || break
        sleep 0.02
    done
    kill -KILL -- -$! 2>/dev/null
    wait $! 2>/dev/null
    set +m
}

tap_tests=0 tap_failures=0 tap_command='' tap_status=0

tap_result() { # 0-or-not name
    tap_tests=$((tap_tests + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tap_tests - $2"
    else
        echo "not ok $tap_tests - $2"
        local frame=1
        while [ "${BASH_SOURCE[frame]}" = "${BASH_SOURCE[0]}" ]; do frame=$((frame + 1)); done
        echo "#   at ${BASH_SOURCE[frame]##*/}:${BASH_LINENO[frame - 1]}"
        tap_failures=$((tap_failures + 1))
    fi
    return "$1"
}

run() { # shell text
    tap_command=$1
    (set -o pipefail; eval "$1") >"$WORK/stdout" 2>"$WORK/stderr"
    tap_status=$?
    if [ -n "${MESSAGES-}" ]; then # make messages
        sed -n "s/^[a-z0-9-]*: /$tap_status\t&/p" "$WORK/stderr" >>"$MESSAGES"
    fi
}

status() { # wanted [name]
    [ "$tap_status" -eq "$1" ]
    tap_result $? "${2:-status $1: $tap_command}" || {
        echo "#   found status $tap_status; stderr:"
        sed 's/^/#   | /' "$WORK/stderr" | head -n 20
    }
}

tap_text() { # stream, exactly|like|empty, wanted
    local found
    found=$(tr -d '\0' <"$WORK/$1")
    case $2 in
    exactly) [ "$found" = "$3" ] ;;
    like) [[ $found == $3 ]] ;;
    empty) [ ! -s "$WORK/$1" ] ;;
    *) echo "Bail out! $1 $2: exactly, like or empty"; exit 1 ;;
    esac
    tap_result $? "$1 $2: $tap_command" || {
        printf '%s\n' "wanted: ${3-}" "found:  $found" | sed 's/^/#   /' | head -n 40
    }
}
stdout() { tap_text stdout "$1" "${2-}"; }
stderr() { tap_text stderr "$1" "${2-}"; }

ok() { # name command...
    local name=$1
    shift
    "$@" >"$WORK/ok" 2>&1
    tap_result $? "$name" || sed 's/^/#   | /' "$WORK/ok" | head -n 20
}

skip() { # why
    tap_tests=$((tap_tests + 1))
    echo "ok $tap_tests # SKIP $1"
}

skip_all() { # why; ends the test
    echo "1..0 # SKIP $1"
    exit 0
}

done_testing() {
    echo "1..$tap_tests"
    exit $((tap_failures != 0))
}
