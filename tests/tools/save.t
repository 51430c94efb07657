#!/bin/bash
# save: every format, and what it must refuse.
. "${0%/*}/tap.sh"

bytes() { printf "$(printf '\\x%s' "$@")"; }
{ bytes 0 0 8 3 0 0 0 2 0 0 0 2 0 0 0 1 a 14 1e 28; } >images
{ bytes 0 0 8 1 0 0 0 2 3 1; } >labels
load idx images labels >s

run 'save tsv <s'
status 0
stdout exactly $'id\tlabel\timage0\timage1\n0\t3\t10\t20\n1\t1\t30\t40'
run 'save tsv deep.tsv s && cat deep.tsv'
stdout like $'id\tlabel\t*'
run 'save json <s'
stdout exactly '{"id":0,"label":3,"image":[[[10]],[[20]]]}
{"id":1,"label":1,"image":[[[30]],[[40]]]}'

# ---- npy ----
run 'save npy deep/folder <s'
status 0
stdout empty
ok 'one array a field' [ "$(ls deep/folder | tr '\n' ' ')" = 'id.npy image.npy label.npy ' ]
run 'head -c 128 deep/folder/image.npy | strings | head -n 2 | tail -c +3; tail -c 4 deep/folder/image.npy | od -An -tu1'
stdout like "*{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 1, 1, ), }* 10  20  30  40"
run 'tail -c 8 deep/folder/label.npy | od -An -td4'
stdout like ' *3 *1'
run 'save npy again <s; for f in id image label; do cmp again/$f.npy deep/folder/$f.npy; done'
status 0
python=/usr/bin/python3
if "$python" -c 'import numpy' 2>/dev/null; then
    cat >print.py <<'END'
import numpy as np
a, b, c = np.load("again/image.npy"), np.load("again/id.npy"), np.load("none/image.npy")
print(a.dtype, a.shape, a.ravel().tolist(), b.dtype, b.tolist(), c.shape)
END
    run 'pick --first 0 s | save npy none; "$python" print.py'
    stdout exactly 'uint8 (2, 2, 1, 1) [10, 20, 30, 40] int64 [0, 1] (0, 2, 1, 1)'
else
    skip 'no NumPy here'
fi
run 'head -c -3 s | save npy broken; ls broken'
status 0 'the folder of a broken stream'
stdout empty
run 'head -c -3 s | save npy broken'
status 1
run 'save npy again/id.npy <s'
status 1 'a file where the folder should be'

# ---- png and back ----
run 'save png p <s && mkdir -p set && mv p set/c && load folder set | save json | cut -d: -f4'
status 0
stdout exactly '[[[10]],[[20]]],"file"
[[[30]],[[40]]],"file"'
ok 'named by id' test -s set/c/0.png -a -s set/c/1.png
run 'cat s s s | save png again && ls again | sort -V | tr "\n" " "'
stdout like '0.png 0-2.png 0-3.png 1.png 1-2.png 1-3.png *'
ok 'and all are whole' cmp again/0.png again/0-3.png
run 'cat s | save png flat && touch flat/notes && load folder flat | peek | grep " id\|label" && cmp <(load folder flat | save json | grep -o "\"image.*") <(save json <s | grep -o "\"image.*")'
stdout like '  id i64 *0 to *
  label i32 *-1*'

# ---- varying sizes ----
{ bytes 0 0 8 3 0 0 0 1 0 0 0 1 0 0 0 1 7; } >dot
load idx dot | save png q && mv q/0.png set/c/2.png
load folder set >varying
run 'save npy v <varying && ls v/image v/file.txt && cat v/file.txt | tr "\n" " "'
status 0
stdout like 'v/file.txt*0.npy*1.npy*2.npy*c/0.png c/1.png c/2.png '
run 'save tsv <varying'
status 1
stderr exactly 'save: standard input: field image has no fixed shape: tsv cannot hold it'
run 'save idx i <varying'
status 1
stderr exactly 'save: standard input: images of varying sizes: idx cannot hold them'
run 'save json <varying | grep -c file'
stdout exactly 3

derive --random -o arch
run 'save png none arch'
status 1
stderr like 'save: arch: expected a field image *'

# ---- idx ----
run 'save idx i <s && cmp i/images-idx3-ubyte images && cmp i/labels-idx1-ubyte labels'
status 0 'idx and back: the same bytes'
run 'load idx images | save idx unlabelled'
status 1
stderr exactly 'save: standard input: row 1: label -1: idx can hold 0 to 255'
ok 'nothing appears' [ -z "$(ls unlabelled)" ]
{ bytes 0 0 8 4 0 0 0 1 0 0 0 1 0 0 0 2 0 0 0 3 1 2 3 4 5 6; } >colour
{ bytes 0 0 8 1 0 0 0 1 0; } >zero
run 'load idx colour zero | save idx j && cmp j/images-idx4-ubyte colour'
status 0

# ---- wrong calls, failing outputs ----
for call in '' 'npy' 'zip x' 'png' 'tsv a b c'; do
    run "save $call <s"
    status 2
done
run 'save tsv <s >/dev/full'
status 1
stderr like 'save: *No space left on device'
run 'save tsv <images'
status 1
run 'save npy /proc/nowhere <s'
status 1

# ---- real size ----
if [ -d /usr/share/datasets/fashion-mnist ]; then
    load fashion-mnist test >f
    run 'save tsv <f | head -n 1 | wc -c; save idx fi <f; load idx fi/* | save idx fj; cmp fi/images-idx3-ubyte fj/images-idx3-ubyte'
    ok 'idx there and back' cmp fi/labels-idx1-ubyte fj/labels-idx1-ubyte
    run 'set -o pipefail; pick --random 300 f | save tsv | md5sum; pick --random 300 f | save tsv t; md5sum <t'
    status 0
    ok 'long text is the same in pieces' [ "$(sort -u "$WORK/stdout" | wc -l)" -eq 1 ]
    ok 'all rows of it' [ "$(wc -l <t)" -eq 301 ]
    ok 'all columns of each' [ "$(awk -F'\t' 'NF != 786' t | wc -l)" -eq 0 ]
fi
done_testing
