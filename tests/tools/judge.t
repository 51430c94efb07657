#!/bin/bash
# judge: from a table of differences to a verdict.
. "${0%/*}/tap.sh"

printf 'unit\tvalue\n1\t0.8\n2\t1.1\n3\t0.7\n' >plain
run 'judge --code "D(0.5)" plain'
status 0
stdout exactly '-	D(0.5)	0.8667 (0.3496 to 1.384), n 3	holds
holds'
run 'judge --code "D(0.5)" --flips <plain'
stdout like '*, n 3, p 0.12 and 1	holds*'
run 'judge --code "T(1)" --level 50 --json -o report plain && tr -d " \n" <report'
stdout like '{"verdict":"fails","level":0.5,"parts":\[{"part":"-","code":"T(1)","estimate":0.86*,"units":3,"items":1,"interval":"t","verdict":"fails"}\]}'
printf 'part\tcode\tunit\titem\tvalue\tbase\nseeds\tT(<10)\t1\t-\t1\t-\nseeds\tT(<10)\t2\t-\t2\t-\n' >mixed
printf 'images\tE(5%%)\t1\ta\t1\t2\nimages\tE(5%%)\t1\tb\t2\t2\n' >>mixed
run 'judge mixed'
stdout like 'seeds	T(<10)	1.5 (-4.853 to 7.853), n 2	holds
images	E(5%)	0.75 (0.5 to 1), n 1 x 2	holds
holds'
run "printf 'unit\tvalue\tbase\n1\t1\t0\n2\t1\t0\n3\t1\t0\n' | judge --code 'D(1)'"
stdout exactly $'-\tD(1)\tnan (no interval), n 3\tcannot be told\ncannot be told'
run "printf 'unit\titem\tvalue\tbase\n1\ta\t100\t0\n1\tb\t50\t0\n2\ta\t100\t0\n2\tb\t50\t0\n' | judge --json --flips --code 'T(<10)' | tr -d ' \n'"
stdout like '*"estimate":null,*"verdict":"cannotbetold"*'
run 'judge --seed 2 mixed | cmp - <(judge --seed 2 mixed)'
status 0 'the same seed, the same bytes'
printf 'part\tunit\tvalue\n\033[31mred\t1\t1\n' >red
run 'judge --code "D(1)" red'
stdout like '?\[31mred	*'

fails() { # message, command
    run "$2"
    status 1 "$2"
    stderr like "judge: $1"
    stdout empty
}
fails 'plain: row 1: code "", expected one of*' 'judge plain'
fails '*row 2: 1 columns, expected 2' "printf 'unit\tvalue\n1\t1\n2\n' | judge --code 'D(1)'"
fails '*cannot open none*' 'judge none'
fails '*zero byte*' "printf 'unit\tvalue\n1\t1\0\n' | judge --code 'D(1)'"
fails '*25 units, at most 24*' "{ printf 'unit\tvalue\n'; seq 25 | sed 's/.*/&\t1/'; } | judge --flips --code 'D(1)'"
fails 'standard input: empty: expected a line of names' 'judge </dev/null'
run "sed 's/\$/\r/' mixed | judge | cmp - <(judge mixed)"
status 0 'lines may end in CR LF'
run 'judge --draws 1 plain'
status 2
for drawn in '--draws 200' '--seed 2'; do
    fails 'neither items, bases nor ranks: --draws and --seed would do nothing' "judge --code 'D(1)' $drawn plain"
done
fails 'mixed: a column code, and --code D(1)' 'judge --code "D(1)" mixed'
run "printf 'unit\\tvalue\\n1\\t0.8\\n' | judge --code 'D(0.5)'"
stdout exactly '-	D(0.5)	0.8 (no interval), n 1	cannot be told
cannot be told'
done_testing
