#!/bin/bash
# The tutorial of winnow(7), typed as it stands there: what begins with $ or > is run by one shell,
# the lines below are what it is to print, "..." standing for any text, alone for any lines.
. "${0%/*}/../tools/tap.sh"

[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] ||
    skip_all 'Debian package dataset-fashion-mnist is missing'

# The displays of the section, without roff's escapes.
awk '/^\.Sh/ { section = $2 } /^\.Ed/ { shown = 0 }
    shown { gsub(/\\&/, ""); gsub(/\\-/, "-"); gsub(/\\e/, "\\"); print }
    section == "EXAMPLES" && /^\.Bd/ { shown = 1 }' "$ROOT/man/winnow.7" >tutorial

check() { # runs the command, compares what it prints
    [ -n "$command" ] || return
    run "$command"
    wanted=${wanted//\\/\\\\} wanted=${wanted//'['/'\['} wanted=${wanted//'*'/'\*'}
    wanted=${wanted//'...'/*}
    [[ $(cat "$WORK/stdout" "$WORK/stderr") == ${wanted%$'\n'} ]]
    tap_result $? "${command%%$'\n'*}" || {
        echo "# status $tap_status; wanted:"
        printf '%s' "$wanted" | sed 's/^/#   /'
        echo '# found:'
        sed 's/^/#   /' "$WORK/stdout" "$WORK/stderr"
    }
}

command='' wanted=''
while IFS= read -r line; do
    case $line in
    '$ '*) check; command=${line#'$ '} wanted='' ;;
    '> '*) command+=$'\n'${line#'> '} ;;
    *) wanted+=$line$'\n' ;;
    esac
done <tutorial
check
ok 'all of it was run' [ "$tap_tests" -ge 20 ]
ok 'the picture' test -s pool.png
done_testing
