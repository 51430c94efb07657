#!/bin/bash
# How far away every pixel is: compose, train --network unet, predict, evaluate.
. "${0%/*}/tap.sh"
export OMP_WAIT_POLICY=passive

# Sixteen things of 8 x 8 of eight classes: bright, class k of k + 1 columns.
perl -e 'print pack "C4N3", 0, 0, 8, 3, 16, 8, 8;
    for my $i (0 .. 15) { for (0 .. 7) { print map { chr($_ <= $i % 8 ? 250 : 0) } 0 .. 7 } }' >images.idx
perl -e 'print pack("C4N", 0, 0, 8, 1, 16), map { chr $_ % 8 } 0 .. 15' >labels.idx
load idx images.idx labels.idx -o things

run 'compose --count 24 --side 16 --most 2 --no-history -o s things && peek s'
status 0
stdout like 'kind: samples
rows: 24*label i32*-1 to -1*target u8 \[16,16\]*0 to *depth f32 \[16,16\]*0.9,*image u8 \[16,16,1\]*"source": "compose"*'
run 'compose --count 24 --side 16 --most 2 --no-history <things | cmp - s'
status 0 'the same bytes'
run 'compose --count 4 --first 20 --side 16 --most 2 --no-history things >tail &&
    cmp <(pick --not-ids <(pick --first 20 s) --no-history s | save tsv) <(save tsv - tail) &&
    pick --not-ids tail s | peek | grep rows'
status 0 'a scene depends on its id, not on how many there are'
stdout exactly 'rows: 20'
run 'compose --count 24 --side 16 --most 2 --seed 2 --no-history things | cmp -s - s'
status 1 'another seed, other scenes'
run 'compose --count 5 --side 16 --frames 3 --habit 1 --ground s things | peek'
status 0
stdout like '*clip u8 \[3,16,16,1\]*"classes": \["right", "right-down", *'
run 'compose --count 40 --side 16 --frames 3 --habit 1 things | peek --json | grep -c \"right-up\"'
status 0
run 'compose --count 3 --side 16 --ground s -o v things && { verify --rerun v s | grep "v: whole\|again"; }'
stdout like 'v: whole*again: the same
*' # s has no history

net='--network unet --depth 2 --channels 4 --batch 4 --rate 0.1 --no-history'
run "train $net --epochs 25 -o net s && predict --weights net --no-history s >p && peek p"
status 0
stdout like '*depth f32*prediction f32 \[16,16\]*'
run "train $net --epochs 25 --threads 1 s | cmp - net && predict --weights net --threads 1 --batch 5 --no-history s | cmp - p"
status 0 'one thread: the same bytes'
run 'evaluate p'
stdout like 'images *24
pixels *6144
abs_rel  *
sq_rel  *
rmse  *'
run 'evaluate --json p | sed -n "s/^ *\"rmse\": \([0-9.]*\).*/\1/p"'
status 0
ok 'it learns 24 scenes' awk '{ exit !($1 > 0 && $1 < 0.1) }' "$WORK/stdout"
run 'evaluate --stream p | save tsv -'
stdout like '*abs_rel*sq_rel*rmse*'
run 'mosaic --field depth --pairs p --pairs-field prediction -o both.png s && mosaic --field depth -o one.png p'
status 0
ok 'a picture of depths above those told' test -s both.png -a -s one.png
run "for e in 1 2; do compress --half 5 --epoch \$e s | train $net --epochs 2 --until \$e --checkpoint part -o net2 || exit; done"
status 0 'an epoch a call, on pixels of its own'
run "train $net --epochs 2 --augment crop-flip s >moved && train $net --epochs 2 s | cmp -s - moved"
status 1 'variants make a difference'
run 'compress --jpeg 5 s | save npy a && save npy b s && cmp a/depth.npy b/depth.npy && cmp a/target.npy b/target.npy'
status 0 'neither depths nor classes are compressed'
run "train --network segnet --depth 1 --channels 2 --epochs 1 -o net4 s && predict --weights net4 s | evaluate | head -1"
stdout like 'images *24' # the same scenes, told by class
run "train --describe --network unet --image 16x16x1 | grep classes"
stdout like 'classes *1'
run 'save onnx net.onnx net'
status 0

# Of the mask: what is unknown counts for nothing, whatever is told there.
perl -0777 -pe 'substr($_, 128, 4096) = pack "f<*", (0) x 1024' b/depth.npy >masked && mv masked b/depth.npy
run 'load npy b --no-history -o m && predict --weights net m | evaluate | sed -n 2p'
stdout like 'pixels *5120'
run "train $net --epochs 2 m -o net3"
status 0

fails() { # message, command
    run "$2"
    status 1
    stderr like "$1"
}
fails 'train: standard input: no field depth*' "train $net --epochs 1 <things"
fails 'train: *images of 16x16, expected sides that are multiples of 32*' 'train --network unet --depth 5 --epochs 1 s'
fails 'evaluate: *no scores*' 'evaluate --scores logits p'
fails 'predict: standard input: images of 8x8x1, the network takes 16x16x1*' 'predict --weights net <things'
perl -0777 -pe 'substr($_, 128, 4) = pack "f<", 1.5' <b/depth.npy >deep && mv deep b/depth.npy
fails 'train: standard input: row 1: a depth of 1.5, expected 0 to 1' "load npy b | train $net --epochs 1"
fails 'evaluate: standard input: row 1: a depth of 1.5 *' 'load npy b | predict --weights net | evaluate'
rm b/depth.npy
fails 'evaluate: *depth*' 'load npy b | predict --weights net | evaluate'
fails 'compose: no thing of class 0*' 'pick --classes 1 things | compose --frames 2 --count 1'
fails 'compose: standard input: row 1: label -1*' 'compose --count 1 <s'
fails 'compose: a clip of more bytes than*' 'compose --count 1 --frames 10000 --side 4096 things'
for call in 'compose --habit 0.5 things' 'compose --frames 2 --most 2 things' "train --network unet --balance none s" \
    'evaluate --draws 5 p' 'mosaic --pairs-field depth s'; do
    run "$call"
    status 2
done
done_testing
