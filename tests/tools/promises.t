#!/bin/bash
# What a filter promises about its output when things go wrong, on pick as the plainest of them.
. "${0%/*}/tap.sh"

bytes() { printf "$(printf '\\x%s' "$@")"; }
{ bytes 0 0 8 3 0 0 1 0 0 0 0 10 0 0 0 10; head -c 65536 /dev/zero; } >images # 256 of 16 x 16
{ bytes 0 0 8 1 0 0 1 0; head -c 256 /dev/zero; } >labels
load idx images labels >samples
mkdir out

# ---- killed in the middle: no file, no temporary, and it ended by that signal ----
for signal in TERM:143 INT:130 HUP:129; do
    mkfifo pipe
    perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' pick -o out/new pipe & # a shell's background job ignores INT
    process=$!
    exec 3>pipe
    head -c 40000 samples >&3
    for wait in {1..100}; do
        [ -n "$(ls out)" ] && break
        sleep 0.05
    done
    ok "a temporary while it works" test -n "$(ls out)"
    kill -s "${signal%:*}" "$process"
    wait "$process" 2>/dev/null
    found=$?
    exec 3>&-
    rm pipe
    ok "SIG${signal%:*}: ends by it" [ "$found" = "${signal#*:}" ]
    ok "SIG${signal%:*}: leaves nothing" test -z "$(ls out)"
done

# ---- a broken input leaves the old file ----
echo old >out/file
run 'head -c 40000 samples | pick -o out/file'
status 1
stderr like 'pick: standard input: row *truncated: expected * bytes of image, found *'
ok 'the old file' [ "$(cat out/file)" = old ]
ok 'and no other' [ "$(ls out)" = file ]
run 'head -c 40000 samples | pick | peek'
status 1 'downstream of a broken input all fail'
stderr like '*peek: standard input: *expected *'

# ---- readers that stop, disks that are full ----
run 'pick samples samples >/dev/null'
status 2
run 'cat samples{,,,,,,,,,,,,,,,,,,,} | pick | head -c 1 >/dev/null; echo "${PIPESTATUS[1]}"'
stdout exactly 141
stderr empty
run 'pick samples >/dev/full'
status 1
stderr like 'pick: cannot write standard output: No space left on device'
run 'pick -o /dev/full samples'
status 1
run 'pick samples >&-'
status 1
run 'pick -o out/none/file samples'
status 1
stderr exactly 'pick: cannot create out/none/file: No such file or directory'

# ---- system calls that fail or are interrupted ----
if strace -o /dev/null true 2>/dev/null; then
    inject() { strace -E ASAN_OPTIONS=detect_leaks=0 -o /dev/null -f -e trace="${1%%:*}" -e inject="$1" pick -o out/file samples; }
    run 'inject fsync:error=EIO:when=1'
    status 1
    stderr like 'pick: cannot sync *: Input/output error'
    run 'inject rename:error=EACCES'
    status 1
    run 'inject write:error=ENOSPC:when=1'
    status 1
    ok 'the old file still' [ "$(cat out/file; ls out)" = $'old\nfile' ]
    run 'inject write:error=EINTR:when=1'
    status 0
    run 'pick --no-history out/file | cmp - <(pick --no-history samples)'
    status 0
else
    skip 'strace cannot trace here'
fi

# ---- the same bytes ----
run 'pick --no-history --random 100 samples | cmp - <(OMP_NUM_THREADS=1 pick --no-history --random 100 samples)'
status 0 'from the same seed'
run 'pick --no-history --first 200 samples >a; pick --no-history a | cmp - a'
status 0 'rows that pass are not changed'

done_testing
