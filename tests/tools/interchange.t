#!/bin/bash
# save and load of npy, text and safetensors: there and back to the bit; what is broken or hostile is refused.
. "${0%/*}/tap.sh"
export OMP_WAIT_POLICY=passive
python=/usr/bin/python3

bytes() { printf "$(printf '\\x%s' "$@")"; }
{ bytes 0 0 8 4 0 0 0 3 0 0 0 2 0 0 0 1 0 0 0 3; bytes 0 1 2 3 4 5 6 7 8 9 a b c d e f fe ff; } >images
{ bytes 0 0 8 1 0 0 0 3 3 1 0; } >labels
load idx images labels >s

# ---- npy ----
run 'save npy a s && load npy a --no-history -o back && save npy b back && diff -r a b'
status 0 'samples to arrays, back, and again: the same arrays'
run 'diff <(save json <s) <(save json <back) && peek back | head -n 1'
stdout exactly 'kind: samples'
run 'rm a/id.npy a/label.npy && load npy a | save tsv | cut -f 1-3'
stdout exactly $'id\tlabel\timage0\n0\t-1\t0\n1\t-1\t6\n2\t-1\t12'
run 'load npy b | pick --first 2 >two && load npy a | cat - two >/dev/null && load npy b | mosaic -o sheet.png'
status 0
mkdir -p set/c
save png set/c s
bytes 0 0 8 3 0 0 0 1 0 0 0 1 0 0 0 1 7 >dot
load idx dot | save png set/d
load folder set >varying
run 'save npy v varying && load npy v | save npy w && diff -r v w'
status 0 'varying extents and texts, too'
printf 'a\\tb\n\\\\\nc\n\n' >v/file.txt
run 'load npy v | save json | grep -o "\"file[^,]*"'
stdout exactly $'"file":"a\\tb"\n"file":"\\\\"\n"file":"c"\n"file":""'
for broken in 'echo >>v/file.txt:*v/file.txt: it has more lines than there are rows' \
    'head -n 2 w/file.txt >v/file.txt:*row 3: file: expected a line for each row, found the end' \
    'printf "\\\\x\n" >v/file.txt:*row 1: file: a backslash*' \
    'cp w/file.txt v; cp v/image/0.npy v/image/4.npy:*v/image/4.npy: there are 4 rows' \
    'rm v/image/[34].npy:*row 4: cannot open v/image/3.npy:*' \
    'cp v/label.npy v/image/3.npy:*v/image/3.npy: of another type or rank*' \
    'cp b/label.npy v:*label: 3 rows, others have 4' \
    'rm v/*.npy:*no array in this folder*'; do
    run "${broken%%:*}; load npy v -o no"
    status 1 "refused: ${broken%%:*}"
    stderr like "load: v: ${broken#*:}"
done
ok 'nothing appears' test ! -e no
size=$(wc -c <b/image.npy) bad=0
cp -r b c
for ((i = 0; i < size; i += i < 140 ? 1 : 7)); do
    head -c "$i" b/image.npy >c/image.npy
    load npy c >out 2>err && bad=$((bad + 1))
    [ $? -gt 1 ] && bad=$((bad + 1))
done
ok 'cut anywhere: an error' [ "$bad" -eq 0 ]
head() { # the dictionary of an array of NumPy, then 18 bytes
    { printf '\x93NUMPY\1\0\166\0%-118s' "$1"; tail -c 18 images; } >c/image.npy
}
for dictionary in "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 1, 3)}:0" \
    "{'shape':(3,6,),'fortran_order':False,\"descr\":\"|u1\"}:0" \
    "{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2, 1, 3), }:1" \
    "{'descr': '>f8', 'fortran_order': False, 'shape': (3, 2, 1, 3), }:1" \
    "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2, 1, 3), }:1" \
    "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 99999999999, 1, 3), }:1" \
    "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4294967295, 4294967295, 4294967295), }:1" \
    "{'descr': '|u1', 'fortran_order': False, 'shape': (3, -2, 1, 3), }:1" \
    "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 99999999999999999999999), }:1" \
    "{'descr': '|u1', 'fortran_order': False, 'shape': (3,1,1,1,1,1,1,1,1,1,1,1), }:1" \
    "{'descr': '|u1', 'fortran_order': False, 'shape': (), }:1" \
    "{'descr': '|u1', 'shape': (3, 2, 1, 3), }:1" \
    "{'descr': '|u1', 'descr': '|u1', 'shape': (3, 2, 1, 3), }:1" \
    "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 1, 3), 'x': 1}:1" \
    "{'descr': [('x', '|u1')], 'fortran_order': False, 'shape': (3, 2, 1, 3), }:1" \
    "{'descr': __import__('os').system('touch no'), 'fortran_order': False, 'shape': (3, 6)}:1"; do
    head "${dictionary%:*}"
    run 'load npy c >no.s'
    status "${dictionary##*:}" "head $dictionary"
done
ok 'nothing was evaluated' test ! -e no
unset -f head
if $python -c 'import numpy' 2>/dev/null; then
    run "$python -c '
import numpy as np
np.save(\"c/image.npy\", np.arange(12, dtype=np.uint8).reshape(3, 2, 2))
np.save(\"c/label.npy\", np.array([2, 0, 1]))
np.save(\"c/more.npy\", np.array([[.5], [-1e300], [np.inf]]))
np.lib.format.write_array(open(\"c/id.npy\", \"wb\"), np.array([7, 8, 9]), version=(2, 0))
' && load npy c | save tsv | head -n 2"
    stdout exactly $'id\tlabel\timage0\timage1\timage2\timage3\tmore0\n7\t2\t0\t1\t2\t3\t0.5'
    run "$python -c '
import numpy as np
np.save(\"c/label.npy\", np.array([2, 0, 1 << 40]))'; load npy c"
    status 1
    stderr exactly 'load: c: row 3: label: 1099511627776 is too large'
    run "mkdir z; $python -c '
import numpy as np
np.save(\"z/z.npy\", np.random.rand(30, 4).astype(np.float32))
np.save(\"z/label.npy\", np.arange(30) % 3)'; load npy z | build-kdtree | peek | head -n 2"
    stdout exactly $'kind: forest\nrows: 3'
else
    skip 'no NumPy here'
fi

# ---- text ----
run 'save json <s | load json - --no-history -o back && save npy j back && diff -r j b && peek back | head -n 1'
stdout exactly 'kind: samples'
run 'save json <varying | head -n 1 | load json - | save json | cmp - <(save json <varying | head -n 1)'
status 0 'a text with all that JSON escapes'
run 'save json <varying | load json - >no.s'
status 1
stderr exactly 'load: standard input: row 4: image: expected an array of 2, as in the first row'
table=$'id\tlabel\tz0\tz1\tz2\tnote\tx\n-9007199254740993\t2\t0.1\tnan\t-inf\ta\\tb\t3\n7\t-1\t16777216\t1\t2\t\t-1e-300'
run 'echo "$table" | load tsv - -o back && save tsv <back'
stdout exactly "$table" 'a table of latents: the same table'
run 'peek back | grep -c -e "^kind: latents" -e "^  id i64 " -e "^  label i32 " -e "^  z f32 \[3\] " -e "^  note str " -e "^  x f64 "'
stdout exactly 6
run 'printf "layer0\tz0\n5\t1\n" | load tsv - | save json'
stdout exactly '{"id":0,"layer0":5,"z":[1]}' 'a name that ends in 0 is an array where streams have one'
run 'printf "id\r\n1\r\n2" | load tsv - | pick --ids - s | save tsv | cut -f 1'
stdout exactly $'id\n1\n2'
run 'printf "\357\273\277id\tz0\n5\t1\n" | load tsv - | save json && printf "\357\273\277{\"id\":6}" | load json - | save json'
stdout exactly $'{"id":5,"z":[1]}\n{"id":6}' 'a mark of byte order is no part of a name'
run 'printf "id\tnote\n" | load tsv - | peek | sed -n 2p'
stdout exactly 'rows: 0'
while IFS='|' read -r format text message; do
    run "printf '$text' | load $format - >no.s"
    status 1
    stderr exactly "load: standard input: $message"
done <<'END'
tsv||empty: expected a line of names
tsv|id\tid\n|field 'id': expected a plain name, each field its own
tsv|\\q\n|a name with a backslash that begins no escape
tsv|image0\timage1\n1\t2\n|image: expected 3 axes, found 1
tsv|id\tz\n1\t2\n|z: expected 1 axes, found 0
tsv|id\tlabel\n1\t2\n1\n|row 2: 1 cells, expected 2
tsv|id\n1\n1\t2\n|row 2: 2 cells, expected 1
tsv|id\none\n|row 1: id: "one", expected a number
tsv|x\n1\none\n|row 2: x: "one", expected a number
tsv|id\n1.5\n|row 1: id: expected a whole number
tsv|id\n9223372036854775808\n|row 1: id: expected a whole number
tsv|label\n-2147483649\n|row 1: label: expected a whole number of 32 bits
tsv|note\na\n\\\n|row 2: note: a backslash that begins no escape
tsv|id\n1\n\0\n|row 2: a line with a zero byte in it
json||empty: expected JSON objects
json|[1]\n|row 1: expected a JSON object
json|{"id":1}\n{"id":\n|row 2: line 1, column 7: expected a value, found the end
json|{"label":"cat"}|label: a text, expected numbers
json|{"image":[[1,2]]}|image: expected 3 axes, found 2
json|{"image":[[[1],[256]]]}|row 1: image: expected a whole number from 0 to 255
json|{"x":[[1,2],[3]]}|row 1: x: expected an array of 2, as in the first row
json|{"x":[1]}\n{"x":1}|row 2: x: expected an array of 1, as in the first row
json|{"x":"a"}\n{"x":1}|row 2: x: expected a text, as in the first row
json|{"x":1}\n{"y":1}|row 2: no x, which the first row has
json|{"x":1}\n{"x":1,"y":1}|row 2: 2 members, the first row has 1
json|{"x":true}|row 1: x: expected a number
END
run 'printf "{\"x\":[1,2,3]}" | load json - --max-tensor 16 >no.s'
status 1
stderr exactly 'load: standard input: x: rows larger than --max-tensor allows'
run 'yes 0123456789 | tr -d "\n" | load json - >no.s'
status 1
stderr exactly 'load: standard input: row 1: a line longer than 16777216 bytes'

# ---- safetensors ----
bytes 0 0 8 1 0 0 0 4 0 1 0 1 >four
yes 0123456789abcdef | tr -d '\n' | head -c 784 >pixels
{ bytes 0 0 8 3 0 0 0 4 0 0 0 1c 0 0 0 1c; cat pixels pixels pixels pixels; } >grey
load idx grey four >t
derive --random --seed 2 -o arch
train --no-history --arch arch --cells 2 --channels 2 --epochs 1 -o net <t
run 'save safetensors net.st net && load safetensors net.st --no-history | cmp - net'
status 0 'weights there and back: the same bytes'
run 'save safetensors <net | load safetensors - --no-history | cmp - net'
status 0 'by pipes'
run 'predict --weights <(load safetensors net.st) <t | save tsv | cmp - <(predict --weights net <t | save tsv)'
status 0 'the same predictions'
train-encoder --latent 3 --epochs 0 --profile small -o enc t
run 'save safetensors <enc | load safetensors - -o enc2 && peek enc2 | grep -c -e train-encoder -e "safetensors"; encode-latent -w enc2 t | save tsv | cmp - <(encode-latent -w enc t | save tsv)'
status 0
stdout exactly 2 'the history goes with it'
search-step --state search --validation t --cells 2 --channels 2 --epochs 1 --no-history <t >hardness
run 'save safetensors <search | load safetensors - --no-history | cmp - search'
status 0 'a state of a search: scalars, integers, flat arrays'
run 'save safetensors <s'
status 1
stderr exactly 'save: standard input: expected a stream of weights, found one of samples'

cat >craft.py <<'END'
import json, struct, sys
def file(header, data=b"", size=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data
def one(begin=0, end=8, shape=[2], dtype="F32", **more):
    return dict({"x": {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}}, **more)
good = bytes(8)
case = {
    "good": file(one(), good),
    "empty": file({}),
    "foreign metadata": file(one(__metadata__={"format": "pt"}), good),
    "two": file(dict(one(), a={"dtype": "U8", "shape": [], "data_offsets": [8, 9]}), good + b"1"),
    "no element": file(one(end=0, shape=[0])),
}
bad = {
    "truncated": file(one(), good[:-1]), "longer": file(one(), good + b"x"),
    "hole": file(one(4, 12), bytes(12)), "backwards": file(one(8, 0), good),
    "overlap": file(dict(one(), a={"dtype": "U8", "shape": [1], "data_offsets": [7, 8]}), good),
    "negative": file(one(-8, 0), good), "shape": file(one(shape=[3]), good),
    "negative extent": file(one(shape=[-2]), good), "text extent": file(one(shape=["2"]), good),
    "bomb": file(one(end=1 << 62, shape=[1 << 30, 1 << 30])),
    "wrap": file(one(end=8, shape=[1 << 32, 1 << 31, 2])),
    "large": file(one(end=1 << 40, shape=[1 << 20, 1 << 18])),
    "rank": file(one(shape=[1] * 30 + [2]), good), "type": file(one(dtype="BF16"), good),
    "array": file([1, 2]), "text": file(b'"x"'), "no JSON": file(b'{"x": '), "no map": file({"x": 1}),
    "no offsets": file({"x": {"dtype": "F32", "shape": [2]}}, good),
    "meta": file(one(__metadata__={"meta": "[]"}), good),
    "history": file(one(__metadata__={"history": "{"}), good),
    "deep": file(b"[" * 100000), "size": file(one(), good, size=1 << 63), "zero": file(b""),
    "nothing": b"", "short": b"\0\0\0",
}
for group, cases in (("good", case), ("bad", bad)):
    for name, data in cases.items():
        open(f"{group}.{name.replace(' ', '-')}", "wb").write(data)
END
$python craft.py
for f in good.*; do
    run "load safetensors $f | peek"
    status 0 "${f#*.}"
done
for f in bad.*; do
    run "timeout 10 load safetensors $f -o no"
    status 1 "refused: ${f#*.}"
    stderr like "load: $f: *"
done
bad=0 size=$(wc -c <net.st)
for ((i = 0; i < size; i += i < 40 ? 1 : 211)); do
    head -c "$i" net.st | load safetensors - >out 2>err
    [ $? -eq 1 ] || bad=$((bad + 1))
done
ok 'cut anywhere: an error' [ "$bad" -eq 0 ]
# ---- the network's picture, and Genotype text by pipes ----
run 'save dot <net'
status 0
stdout like 'digraph network {*image*28 x 28 x 1*cell 0, red*cell 1, reduction*7 x 7 x *2 classes*}'
ok 'every edge of both cells, and what makes outputs of them' \
    [ "$(save dot <net | grep -c 'cell_[01]_[0-3] \[label="[a-z_]*_[a-z0-9]*"\]')" -eq 16 ]
run 'save dot enc.dot enc'
status 1
stderr exactly 'save: enc: no network of cells: dot draws those that train made of an architecture'
run 'head -c -3 net | save dot cut.dot'
status 1
ok 'nothing appears of a cut stream' test ! -e cut.dot
if command -v dot >/dev/null; then
    run 'save dot <net | dot -Tsvg | grep -c "<title>cluster_"'
    stdout exactly 2
else
    skip 'no graphviz'
fi
run 'derive --format genotype arch | derive - --no-history | cmp - <(derive --no-history arch)'
status 0 'Genotype text on standard input'
run 'train --describe --arch <(derive --format genotype arch) | grep -c weights'
stdout exactly 1
run 'yes "Genotype(" | derive -'
status 1
stderr exactly 'derive: standard input: larger than 65536 bytes'
run 'printf G | derive -'
status 1
stderr exactly 'derive: standard input: line 1, column 2: expected Genotype, found G'

for call in 'npy' 'npy a b' 'safetensors' 'npy --root a b' 'safetensors --size 2x2 net.st'; do
    run "load $call"
    status 2
done
done_testing
