#!/bin/bash
# evaluate: tables of any framework, as text and JSON, and what must be refused.
. "${0%/*}/tap.sh"

table() { printf 'id\tlabel\tcat\tdog\n'; printf '%s\t%s\t%s\t%s\n' "$@"; }
table 0 0 2 0 1 1 0 2 2 0 0 2 3 1 -1 1 >p

run 'evaluate --draws 0 p'
status 0
stderr empty
stdout exactly 'rows                 4
top1            0.7500
top5                 -
loss            0.6269
calibration     0.1308
brier           0.4092
precision       0.8333
recall          0.7500
f1              0.7333
spread          0.3536

class  name               support precision    recall        f1
    0  cat                      2    1.0000    0.5000    0.6667
    1  dog                      2    0.6667    1.0000    0.8000

confusion: a row for each class, a column for each prediction
           0      1
    0      1      1
    1      0      2'
run 'evaluate --json <p'
stdout like '*"rows": 4,*"top1": 0.75,*"top1_low": 0*"top5": null*"name": "cat"*"confusion": \[*'
run 'cat p | evaluate --json - >a; evaluate --json p --threads 1 -o b; cmp a b && test -s a'
status 0 'a pipe, a file, any number of threads: the same bytes'
run 'evaluate --max-tensor 9 p'
status 2
stderr like 'evaluate: --max-tensor does nothing with a table*'
run 'evaluate --stream p | peek'
status 0
stdout like '*results*metric*'
run 'evaluate --stream p | cat - <(evaluate --stream p) | save tsv | grep -c top1_low'
stdout exactly 2

table 0 0 .75 .25 1 1 .5 .5 >q
run 'evaluate --scores probabilities --draws 0 q'
stdout like '*top1            0.5000*loss            0.4904*'
run 'evaluate --scores probabilities p'
status 1
stdout empty
stderr exactly 'evaluate: p: row 1: score 0 is 2, expected a probability'

refused() { # text, message
    printf "$1" >bad
    run 'evaluate -o none bad; s=$?; test ! -e none && exit $s'
    status 1
    stderr exactly "evaluate: bad: $2"
}
head='id\tlabel\tcat\tdog\n'
refused '' 'empty: expected a line of names or a tensor stream'
refused 'id,label,cat\n0,0,1\n' 'neither a tensor stream nor a table, expected a first line "id", "label" and the names of the classes, parted by tabs'
refused "$head" 'no rows, expected predictions'
refused "${head}0\t0\t1\n" 'row 1: 1 scores, expected 2'
refused "${head}0\t0\t1\t2\t3\n" 'row 1: more than 2 scores'
refused "${head}0\t0\t1\t2\n1\t0\tnan\t1\n" 'row 2: score 0 is nan, expected a finite number'
refused "${head}0\t0\t1e99\t1\n" 'row 1: score 0 is inf, expected a finite number'
refused "${head}0\t-1\t1\t1\n" 'row 1: label -1, expected 0 to 1'
refused "${head}0\t2\t1\t1\n" 'row 1: label 2, expected 0 to 1'
refused "${head}0\tcat\t1\t1\n" 'row 1: label "cat", expected a whole number'
refused "${head}0\t0\t1\0\t1\n" 'row 1: a line with a zero byte in it'
refused '\x82garbage' 'not a tensor stream; load brings other formats in'
run 'head -c 3000000 /dev/zero | tr "\0" 7 | evaluate'
status 1
stderr like 'evaluate: standard input: a line longer than*'
run 'evaluate nowhere'
status 1
stderr like 'evaluate: *nowhere*No such file*'
run 'evaluate p p'
status 2
run 'evaluate --json --stream p'
status 2
run 'evaluate --scores odds p'
status 2
run 'evaluate p >/dev/full'
status 1
stdout empty

# ten classes: top-5 is told, names come with numbers
{ printf 'id\tlabel'; printf '\tc%d' 0 1 2 3 4 5 6 7 8 9; echo
  for k in 0 1 2 3 4 5 6 7 8 9; do printf '%d\t%d\t9\t8\t7\t6\t5\t4\t3\t2\t1\t0\n' $k $k; done; } >ten
run 'evaluate --draws 0 ten'
stdout like '*top1            0.1000*top5            0.5000*'
done_testing
