#!/bin/bash
# The class of every pixel, from pictures to metrics: load camvid, train --network segnet, predict,
# evaluate.
. "${0%/*}/tap.sh"
export OMP_WAIT_POLICY=passive

# Eight pictures of 12 x 9: dark on the left, bright on the right, with noise; class 0, class 1, and
# below a row of void.
pictures() { # heading, expression of $i, $x, $y
    perl -e 'srand 1; print pack "C4N3", 0, 0, 8, 3, 8, 9, 12;
        for my $i (0 .. 7) { for my $y (0 .. 8) { for my $x (0 .. 11) { print chr eval $ARGV[0] } } }' "$1"
}
pictures '($x < 4 + $i % 4 ? 60 : 160) + int rand 60' >images.idx
pictures '$y == 8 ? 2 : $x >= 4 + $i % 4' >labels.idx
for split in train val test; do
    mkdir -p set/$split
    load idx images.idx | save png set/$split/images
    load idx labels.idx | save png set/$split/labels
done
printf '0 dark\n1 bright\n2 void\n' >set/classes.txt

run 'load camvid set train --size 9x12 -o s && peek s'
status 0
stdout like '*label i32*-1*image u8 \[9,12,3\]*target u8 \[9,12\] *0 to 2*file str*"split": "train"*"void": 2*"classes": \["dark", "bright"\]*'
run 'load camvid set val --size 18x24 | peek | grep -o "target u8 .*to 2"'
stdout exactly 'target u8 [18,24]   0 to 2'
run 'load camvid set train --size 18x24 | save npy big && tail -c +129 big/target.npy | head -c 48 | od -An -v -t u1 -w24 | tr -d " " | uniq -c | xargs'
stdout exactly '2 000000001111111111111111' # each pixel four times
run 'cat <(load camvid set train) <(load camvid set val) | save npy all && od -An -v -t d8 -w8 -j 128 all/id.npy | sort -u | wc -l'
stdout exactly 16

net='--network segnet --depth 2 --channels 4 --batch 2 --rate 0.05 --no-history'
run "train $net --epochs 12 -o net s && predict --weights net --no-history s >p && peek p"
status 0
stdout like '*target u8*prediction u8 \[9,12\] *0 to 1*'
run "train $net --epochs 12 --threads 1 s | cmp - net && predict --weights net --threads 1 --batch 3 --no-history s | cmp - p"
status 0 'one thread: the same bytes'
run 'evaluate --json p | sed -n "s/^ *\"miou\": \([0-9.]*\).*/\1/p"'
status 0
ok 'it learns eight pictures' awk '{ exit !($1 > 0.7) }' "$WORK/stdout"
run 'evaluate p'
stdout like 'images *8
pixels *768
accuracy *
class_accuracy *
miou *
*class*name*pixels*accuracy*iou
*0*dark*1*bright*confusion*'
run 'evaluate --stream p | save tsv -'
stdout like '*accuracy*class_accuracy*miou*'
run "for e in 1 2; do compress --half 5 --epoch \$e s | train $net --epochs 2 --until \$e --checkpoint part -o net2 || exit; done"
status 0 'an epoch a call, on pixels of its own'
run "train $net --epochs 2 --balance none s >plain && train $net --epochs 2 s | cmp -s - plain"
status 1 'balance makes a difference'
run "train $net --epochs 2 --augment crop-flip s >moved && train $net --epochs 2 s | cmp -s - moved"
status 1 'so do variants'
run 'compress --jpeg 5 s | save npy a && save npy b s && cmp a/target.npy b/target.npy'
status 0 'the classes are never compressed'

fails() { # message, command
    run "$2"
    status 1
    stderr like "$1"
}
fails 'train: standard input: no field target*' "load folder set/train --size 9x12 | train $net --epochs 1"
fails 'evaluate: *predictions for pixels, which have no scores' 'evaluate --scores logits p'
fails 'predict: standard input: images of 8x12x3, the network takes 9x12x3*' 'load camvid set train --size 8x12 | predict --weights net'
fails 'evaluate: standard input: *target*' 'save npy c s && rm c/target.npy && load npy c | predict --weights net | evaluate'
printf '0 dark\n2 bright\n' >set/classes.txt
fails "load: classes.txt: '2 bright', expected class 1 and its name" 'load camvid set train'
printf '0 dark\n1 bright\n' >set/classes.txt
fails 'load: set/train/labels/0.png: class 2, expected 0 to 1' 'load camvid set train'
printf '0 dark\n' >set/classes.txt
fails 'load: classes.txt: 1 classes, expected at least 2' 'load camvid set train'
printf '0 dark\n1 bright\n2 void\n' >set/classes.txt
rm set/test/labels/3.png
fails 'load: *set/test/labels/3.png*' 'load camvid set test'
cp set/val/labels/3.png set/test/images/
fails 'load: *set/test/labels/3.png*' 'load camvid set test'
load idx images.idx | pick --first 1 | save png wrong
load folder set/train --size 5x5 | pick --first 1 | save png small
mv small/*.png set/test/labels/3.png
fails 'load: set/test/labels/3.png: 5x5x*, expected 9x12x1 as its image has' 'load camvid set test'
fails 'load: cannot read folder *' 'rm -r set/val/images; load camvid set val'
for call in 'load camvid set' 'load camvid set tests' 'load cifar10 set val' \
    "train --network cnn --balance none <s" 'evaluate --draws 5 p'; do
    run "$call"
    status 2
done

[ -d "$SHARED/data/camvid" ] || {
    skip 'no CamVid'
    done_testing
}
run 'load camvid "$SHARED/data/camvid" val | peek'
status 0
stdout like '*rows: 12
*image u8 *\[360,480,3\]*target u8 *0 to 11, *\[360,480\]*'
done_testing
