#!/bin/bash
# mine and build-kdtree: the call itself. What they compute is in tests/unit/mining_programs.c.
. "${0%/*}/tap.sh"

for program in mine build-kdtree; do
    run "$program --help"
    status 0
    stdout like "*usage*$program*--output*"
    run "$program </dev/null >out"
    [ $program = mine ] && want=2 || want=1
    status $want
    run "$program --no-such-option"
    status 2
    stdout empty
done
run 'mine </dev/null'
status 2
stderr like 'mine: expected --forest FILE*'
run 'mine --forest nowhere --ban all'
status 2
run 'mine --forest nowhere --hardness -1'
status 2
run 'mine --forest nowhere --hardness nan'
status 2
run 'mine --keep-all -o ids </dev/null'
status 1
stderr exactly 'mine: standard input: empty: expected a tensor stream'
ok 'no output' [ ! -e ids ]
run 'echo id | build-kdtree -o forest'
status 1
stderr like 'build-kdtree: standard input: not a tensor stream; *'
ok 'no output' [ ! -e forest ]
done_testing
