#!/bin/bash
# peek: every kind of stream, whole or not.
. "${0%/*}/tap.sh"

bytes() { printf "$(printf '\\x%s' "$@")"; }
{ bytes 0 0 8 3 0 0 0 3 0 0 0 1 0 0 0 2; printf 'abcdef'; } >images # three of 1 x 2 pixels
{ bytes 0 0 8 1 0 0 0 3; bytes 2 0 2; } >labels
load idx images labels >samples

run 'peek samples'
status 0
stderr empty
stdout like 'kind: samples
rows: 3
digest: ????????????????
fields:
  id i64 *0 to 2, mean 1
  label i32 *0 to 2, mean 1.33333
  image u8 \[1,2,1\]  97 to 102, mean 99.5
labels:
*0         1*
*2         2*
meta:
*history:
  1 {"program": "load", "version": *'
run 'peek -n 2 <samples | sed 1,/^rows:.*[^0-9]*$/d | tail -n 2'
stdout exactly $'0\t2\t[1,2,1] 97 98
1\t0\t[1,2,1] 99 100'
run 'peek --header - <samples'
status 0
stdout like 'kind: samples
fields:
  id i64
  label i32
  image u8 \[1,2,1\]
meta:*history:*'

if command -v python3 >/dev/null; then
    run "cat samples samples | peek --json | python3 -c '
import json, sys
v = json.load(sys.stdin)
print(v[\"kind\"], v[\"rows\"], v[\"fields\"], len(v[\"history\"]), v[\"columns\"][\"image\"][\"most\"])
print(v[\"columns\"][\"image\"][\"elements\"], [(l[\"label\"], l[\"count\"]) for l in v[\"labels\"]])'"
    status 0 'one JSON object, of all parts'
    stdout exactly "samples 6 [['id', 'i64', []], ['label', 'i32', []], ['image', 'u8', [1, 2, 1]]] 1 102
12 [(0, 2), (2, 4)]"
    run "peek --json --header samples | python3 -m json.tool | grep -c '\"rows\"'"
    stdout exactly 0
else
    skip 'no python3'
fi

# ---- not whole ----
run 'head -c -1 samples | peek'
status 1
stdout empty
stderr exactly 'peek: standard input: after row 3: truncated inside the trailer'
run 'head -c -40 samples | peek --json'
status 1
stdout empty
stderr like 'peek: standard input: row 3: truncated: expected *'
run 'sed s/cd/xy/ samples | peek'
status 1
stdout empty
stderr like "peek: standard input: after row 3: the trailer's digest is *: the data were altered"
run '{ cat samples; echo x; } | peek'
status 1
stderr exactly 'peek: standard input: after row 3: part 2: not a tensor stream; load brings other formats in'
run 'peek </dev/null'
status 1
stderr exactly 'peek: standard input: empty: expected a tensor stream'
run 'peek images'
status 1
stderr exactly 'peek: images: not a tensor stream; load brings other formats in'
run 'peek none'
status 1
stderr exactly 'peek: cannot open none: No such file or directory'
run 'peek .'
status 1
stderr like 'peek: .: cannot read: Is a directory'
run 'peek --max-tensor 1 samples'
status 1
stderr like 'peek: samples: row 1: image: *more than the 1 bytes that --max-tensor allows'
run 'peek samples <&- >&-'
status 1
stderr like 'peek: cannot write*'
run 'peek <&-'
status 1
run 'peek samples >/dev/full'
status 1
stderr exactly 'peek: cannot write standard output: No space left on device'
run 'peek --json samples >/dev/full'
status 1
stderr exactly 'peek: cannot write standard output: No space left on device'

# ---- wrong calls ----
run 'peek --rows x samples'
status 2
stdout empty
stderr exactly "peek: --rows: expected a whole number from 0 to 1000000000, found 'x'
try 'peek --help'"
run 'peek --rows=-1 samples'
status 2
run 'peek -n samples'
status 2
run 'peek -n'
status 2
stderr like "peek: -n needs a value: N*"
run 'peek a b'
status 2
stderr like "peek: unexpected operand 'b'*"
run 'peek --json --rows 1 samples'
status 2
run 'peek --json=1 samples'
status 2
run 'peek --rov samples'
status 2
stderr like 'peek: unknown option --rov*'
run 'peek -vn1 -- samples'
status 0

done_testing
