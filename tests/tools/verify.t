#!/bin/bash
# verify: what is whole, where it came from, whether it comes out again; and what a history may not do.
. "${0%/*}/tap.sh"
export OMP_WAIT_POLICY=passive TMPDIR=$PWD/scratch

load fashion-mnist test >/dev/null 2>&1 || skip_all 'no Fashion-MNIST'
mkdir run scratch
load fashion-mnist test | pick --per-class 4 --seed 3 -o run/pool
load fashion-mnist test | pick --not-ids run/pool | pick --first 10 >run/validation
derive --random --seed 2 -o run/arch
train --arch run/arch --cells 2 --channels 2 --epochs 2 --checkpoint run/part -o run/net run/pool
train-encoder --latent 3 --profile small --epochs 1 --checkpoint run/encoder.part -o run/encoder <run/pool
encode-latent -w run/encoder run/pool | build-kdtree -orun/forest
pick --per-class 1 run/pool | tee run/subset |
    search-step -s run/search --validation run/validation --cells 2 --channels 2 --epochs 1 |
    mine --forest run/forest --hardness 0.9 --mastery 0 --seed 5 >run/next
# A search of three calls more, each on what the last one left, whose states replace one another.
ids=run/next
for epoch in 2 3 10; do
    pick --ids $ids run/pool | search-step -s run/search --validation run/validation --until $epoch |
        mine --forest run/forest --hardness 0.9 --mastery 0 --seed 5 -o run/next.$epoch
    ids=run/next.$epoch
done
predict --weights run/net <run/validation >run/predictions
derive run/search >run/found
echo text >run/text
printf '\x89PNG' >run/picture
cksum run/* >before

run 'verify run/net'
status 0
stdout like "run/net: whole; weights, * rows, digest ????????????????
    load fashion-mnist test
        */t10k-images-idx3-ubyte* ????????????????: /*
        */t10k-labels-idx1-ubyte* ????????????????: /*
    pick --per-class 4 --seed 3 -o run/pool
    train --arch run/arch * run/pool
        run/arch ????????????????: not *"
run 'verify run | grep -c ": whole"; verify run | grep -c "not here"'
stdout exactly $'16\n5'
run 'verify run | grep "not here" | sort -k 6 -u'
stdout like "        run/search ????????????????: not here, made by 1 call before
        run/search ????????????????: not here, made by 2 calls before
        run/search ????????????????: not here, made by 3 calls before"
run 'verify --rerun run'
status 0
ok 'all of them come out again' [ "$(grep -c '^    again: the same$' "$WORK/stdout")" -eq 16 ]
ok 'nothing is touched' cmp before <(cksum run/*)
ok 'nothing is left' [ -z "$(ls scratch)" ]
mkdir elsewhere && cp run/net elsewhere/a && cp run/arch elsewhere/b
run 'verify --json --rerun elsewhere | tr -d " \n"'
stdout like '*"file":"elsewhere/a"*"name":"run/arch","digest":"????????????????","file":"elsewhere/b"*"rerun":"thesame"*'
run 'cp run/pool run/search run/subset elsewhere; train --arch run/arch --cells 2 --channels 2 --epochs 2 --checkpoint run/part2 -o elsewhere/a elsewhere/pool --seed 9; verify --rerun elsewhere/search | tail -n 1'
stdout exactly '    again: impossible: 3 before it: step 4, search-step: run/validation, which it read, is not here'
run 'verify --rerun run/pool run/validation run/forest run/next.3 run/next.10 | tail -n 1'
stdout like '*again: impossible: step 4, search-step: run/search, from which it went on, is not here'
run 'pick --no-history --first 1 run/pool >bare && verify --rerun bare | tail -n 1'
stdout exactly '    again: impossible: it has no history'

# ---- what is broken, and what differs ----
head -c -5 run/pool >run/cut
run 'verify run'
status 1
stdout like '*run/cut: *truncated*run/encoder: whole*'
stderr like 'verify: 1 of * streams are damaged'
rm run/cut
run 'cat run/pool run/pool >twice; verify twice >/dev/null; verify --rerun twice'
status 1
stdout like '*again: differs: another number of rows'
if [ -x "$BUILD/promises/seal" ]; then
    perl -0777 -e '$_ = <>; s/label/lebel/; print pack("L", length), $_' run/pool | "$BUILD/promises/seal" >renamed
    run 'verify renamed >/dev/null && verify --rerun renamed'
    status 1
    stdout like '*again: differs: other fields'
else
    skip 'seal is not built'
fi
run 'verify absent'
status 1
stderr exactly 'verify: cannot read absent: No such file or directory'
run 'verify run/text'
status 1
run verify
status 2

# ---- stopped in the middle ----
train --arch run/arch --cells 2 --channels 2 --epochs 100000 --checkpoint part -o lost run/pool &
until [ -s part ]; do sleep 0.05; done
kill -KILL $!
wait $! 2>/dev/null
cp run/arch run/pool .
run 'verify --rerun part arch pool >out & pid=$!
    until [ -n "$(ls scratch)" ]; do sleep 0.05; done
    sleep 0.3; kill -TERM $pid; wait $pid'
status 143 'SIGTERM ends it'
ok 'and nothing is left' [ -z "$(ls scratch)" ]
sleep 0.3
run 'ps -e -o args | grep "[e]pochs 100000" | grep -c "$PWD"'
stdout exactly 0 # the program that it ran has ended too

# ---- hostile histories ----
history() { # program arguments...
    /usr/bin/python3 -c '
import json, struct, sys
entry = {"program": sys.argv[1], "arguments": sys.argv[2:], "version": "1", "seed": 1, "inputs": []}
text = json.dumps({"__metadata__": {"history": json.dumps([entry])}}).encode()
sys.stdout.buffer.write(struct.pack("<Q", len(text)) + text)' "$@" | load safetensors - -o hostile
}
# Every program that leaves a history can be run again, and nothing else.
for path in "$BIN"/*; do
    program=${path##*/}
    "$program" --help | grep -q -e --no-history || continue
    history "$program" --no-such-option
    run 'verify --rerun hostile 2>&1'
    stdout like "*again: failed: step 1, $program: it ended with status 2*"
done
for program in sh ../../../../bin/sh save winnow verify /bin/sh ''; do
    history "$program" -c 'touch bad' npy bad
    run 'verify --rerun hostile'
    stdout like '*again: impossible: step 1, *is no program that is run again'
done
echo dear >victim
for option in '-o victim' '-ovictim' '-qo victim' '--output=victim' '--out victim' '--o victim' \
    '-qvovictim'; do
    history pick --first 1 $option run/pool
    run 'verify --rerun hostile'
    stdout like '*again: *'
    ok "unharmed by pick $option" [ "$(cat victim)" = dear ]
done
for option in '--state victim' '-s victim' '-svictim' '--st=victim'; do
    history search-step $option --epochs 1 --cells 2 --channels 2 --validation run/validation run/pool
    run 'verify --rerun hostile'
    ok "unharmed by search-step $option" [ "$(cat victim)" = dear ]
done
history train --check victim --epochs 1 --cells 2 --channels 2 --arch run/arch run/pool
run 'verify --rerun hostile'
ok 'unharmed by train --check' [ "$(cat victim)" = dear ]
ok 'nothing was run that should not be' test ! -e bad
history pick "it's; rm -rf \$HOME" --first
run 'verify hostile'
stdout like "*    pick 'it'*'s; rm -rf \$HOME' --first*"

# ---- what a terminal would obey ----
history pick $'\e[31m' run/pool
run 'verify hostile'
stdout like "*    pick \$'?x1b?31m' run/pool*"
cp run/net $'two\nnet: whole'
run 'verify two*'
stdout like 'two?net: whole: whole; weights*'

# ---- parts ----
run 'cat run/pool run/validation | pick --first 45 -o joined && verify joined'
stdout like '*load fashion-mnist test*--per-class 4 *--not-ids run/pool*pick --first 45 -o joined'
run 'cat run/pool run/validation | compress --jpeg 50 | peek --json | grep -o "\"program\": *\"[a-z]*\"" | tail -n 1; peek joined | head -n 2'
stdout exactly '"program": "compress"
kind: samples
rows: 45'
run 'cat run/pool run/validation | verify -'
stdout like '-: whole*'
run 'cat run/pool run/validation | pick --no-history | cmp - <(cat run/pool run/validation | pick --no-history)'
status 0 'without a history'

# ---- files that are no streams ----
mkdir files
derive --format genotype run/arch >files/genotype
train --arch files/genotype --cells 2 --channels 2 --epochs 1 -o files/net run/pool
run 'verify files'
stdout like "*train --arch files/genotype *files/genotype ????????????????: files/genotype*"
# In its sandbox it has but what is named; a sanitized program has none.
if ! grep -q __asan_init "$BIN/verify"; then
    run 'verify files/net'
    stdout like '*files/genotype ????????????????: not looked at: name it, or its folder'
fi
run 'save idx set <run/pool && load idx set/images-idx3-ubyte -o of-set && verify of-set set | tail -n 1'
stdout like "*set/images-idx3-ubyte ????????????????: set/images-idx3-ubyte"
run 'verify --rerun files/net run/pool | grep -c "again: the same"'
stdout exactly 2
derive --random --seed 3 --format genotype >files/genotype
run 'verify --rerun files/net run/pool 2>&1'
status 1 'what was read has changed'
stdout like '*again: impossible: step *, train: files/genotype, which it read, has changed*'
run 'verify files'
stdout like '*files/genotype ????????????????: has changed*'
run 'save idx files/set <run/pool && load idx files/set/images-idx3-ubyte files/set/labels-idx1-ubyte -o files/all'
run 'verify --rerun files/all'
stdout like '*images-idx3-ubyte ????????????????: files/set/images-idx3-ubyte*again: the same'
run 'printf "\5" | dd of=files/set/labels-idx1-ubyte bs=1 seek=9 conv=notrunc 2>/dev/null; verify --rerun files/all'
stdout like '*again: impossible: step 1, load: files/set/labels-idx1-ubyte, which it read, has changed'

# ---- damaged beyond recognition ----
mkdir damaged none
head -c 5 run/net >damaged/short
: >damaged/empty
sed '1s/tensor/tensos/' run/net >damaged/flipped
cp run/text run/picture damaged
cp run/arch damaged/whole
run 'verify damaged 2>&1'
status 1 'damaged files count'
stdout like '*damaged/empty: *damaged/flipped: *damaged/short: *damaged/whole: whole; *verify: 3 of 4 streams are damaged'
run 'verify none'
status 1 'a folder without streams'
stderr exactly 'verify: none: no stream in this folder'
done_testing
