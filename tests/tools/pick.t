#!/bin/bash
# pick: every option, their order, splits, what goes wrong.
. "${0%/*}/tap.sh"

bytes() { printf "$(printf '\\x%s' "$@")"; }
{ bytes 0 0 8 3 0 0 0 1e 0 0 0 1 0 0 0 1; printf '%030d' 0; } >images
{ bytes 0 0 8 1 0 0 0 1e; for i in {0..29}; do bytes $((i % 3)); done; } >labels # ids 0..29, label id % 3
load idx images labels >all
ids() { save tsv - ${1+"$1"} | cut -f1 | tail -n +2 | tr '\n' ' '; }

run 'pick <all | cmp - <(pick --first 30 all) | head -c 0; pick --no-history all | ids'
status 0
stdout exactly '0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 '
run 'pick --first 3 <all | ids'
stdout exactly '0 1 2 '
run 'pick --first 0 <all | ids'
status 0
stdout empty
run 'pick --first 99 <all | ids | wc -w'
stdout exactly 30
run 'pick --classes 2,1 --first 4 all | ids'
stdout exactly '1 2 4 5 '
run 'pick --classes cat all'
status 1
stderr exactly "pick: --classes: expected one of the stream's classes, found 'cat'"

# ---- at random ----
run 'pick --random 7 --seed 3 all -o r7 && ids r7 >a && pick --random 7 --seed 3 --no-history <all | ids | cmp - a'
status 0 'the same seed, the same rows'
ok 'seven of them, ascending' [ "$(wc -w <a)" = 7 -a "$(tr ' ' '\n' <a | grep . | sort -nc 2>&1)" = '' ]
run 'pick --random 7 --seed 4 all | ids | cmp -s - a'
status 1 'another seed, others'
pick --first 15 all -o low
cat low <(pick --not-ids low all) >halves
run 'pick --random 7 --seed 3 halves | ids | cmp - a'
status 0 'a concatenated stream is a stream'
run 'pick --random 31 all -o out'
status 1
stderr like 'pick: *: --random: expected 31 rows to choose from, found 30'
ok 'no output then' test ! -e out
run 'pick --first 0 all | pick --random 1'
status 1
run 'pick --per-class 4 --seed 2 all | save tsv | cut -f2 | tail -n +2 | sort | uniq -c | tr -s " \n" " "'
stdout exactly ' 4 0 4 1 4 2 '
run 'pick --per-class 11 all'
status 1
stderr like 'pick: *: --per-class: class 0: expected 11 rows to choose from, found 10'
run 'pick --classes 0,1 all | pick --classes 1,2 --per-class 3 -o out'
status 1
stderr like 'pick: *: --per-class: class 2: expected 3 rows to choose from, found 0'
run 'pick --first 0 all | pick --per-class 3 -o out'
status 1
stderr like 'pick: *: --per-class: expected 3 rows of each class, found none'
ok 'no output of either' test ! -e out
run 'pick --first 0 all | pick --per-class 0 --random 0 | ids'
status 0 'none of none'
pick --per-class 4 --random 5 --seed 2 all -o both
pick --per-class 4 --seed 2 all -o four
run 'pick --ids both four | ids | cmp - <(ids both) && ids both | wc -w'
status 0 'both: of each class, then of those'
stdout exactly 5
run 'pick --random 10 --classes 1 all | ids'
stdout exactly '1 4 7 10 13 16 19 22 25 28 '

# ---- by ids, splits ----
run 'pick --not-ids r7 all -o rest && cat a <(ids rest) | tr " " "\n" | grep . | sort -n | uniq -c | grep -vc " 1 "'
stdout exactly 0 'a choice and the rest are disjoint'
run 'ids rest | wc -w'
stdout exactly 23
run 'pick --ids r7 all | ids | cmp - a'
status 0
run 'pick --ids r7 rest -o out'
status 1
stderr like "pick: rest: id $(cut -d' ' -f1 a) of r7 is not among the 23 rows"
ok 'no output then' test ! -e out
run 'cat r7 r7 >twice; pick --ids twice all | ids'
stdout exactly "$(sed 's/\([0-9]*\) /\1 \1 /g' a)"
run 'pick --ids r7 --not-ids r7 all | ids'
status 0
stdout empty
run 'pick --ids nowhere all'
status 1
stderr exactly 'pick: cannot open nowhere: No such file or directory'
run 'head -c -5 r7 >broken; pick --ids broken all'
status 1
run 'head -c 300 all | pick --first 1'
status 1 'a broken input is an error although its first row is whole'
run 'pick --first 1 --random x all'
status 2
run 'pick --first -1 all'
status 2
run 'pick all all'
status 2

# ---- provenance ----
run 'pick --ids r7 all | head -c 3000 | strings | tr "\n" " "'
stdout like '*ids*digest*'
if command -v peek >/dev/null; then
    run 'pick --ids r7 all | peek --json | tr -d " \n"'
    stdout like '*"program":"pick"*"inputs":[[]{"name":"ids","digest":"*'
fi

# ---- any stream with ids ----
run 'pick --first 2 r7 | pick --ids - all'
status 0 'ids from standard input'
run 'derive --random -o arch; pick --ids r7 arch'
status 1
stderr like 'pick: arch: expected a field id *'
run 'pick --ids - <r7'
status 2
if [ -d /usr/share/datasets/fashion-mnist ]; then
    load fashion-mnist test >fmnist
    run 'pick --random 1000 --seed 1 fmnist | pick --per-class 50 --seed 1 | ids | tr " " "\n" | sort -u | grep -c .'
    stdout exactly 500
    run 'pick --classes 10 fmnist'
    status 1
    stderr like "pick: --classes: expected one of the stream's classes, found '10'"
    run 'cmp <(pick --classes 0,1,2,3,4,5,6,7,8,9 --no-history fmnist) <(pick --no-history fmnist)'
    status 0
fi
done_testing
