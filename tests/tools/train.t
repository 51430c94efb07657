#!/bin/bash
# train and predict: the published network's size, a few real images, checkpoints, bad calls.
. "${0%/*}/tap.sh"

cat >darts-v2 <<'TEXT'
DARTS_V2 = Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0),
 ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0),
 ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0),
 ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0),
 ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])
TEXT
run 'train --describe --json --arch darts-v2 --cells 20 --channels 36 --image 32x32x3 --classes 10'
status 0
stdout like '*"weights": 3349342,*'

load fashion-mnist train >all 2>/dev/null || skip_all 'no Fashion-MNIST'
pick --per-class 4 --seed 1 <all >samples
export OMP_WAIT_POLICY=passive
net='--arch darts-v2 --cells 3 --channels 4 --batch 16 --drop-path 0.2 --cutout 8 --no-history'

run "train $net --epochs 3 --threads 2 --profile --json -o whole <samples"
status 0
stderr like '{*"seconds": *"peak_flops": *"op": "separable"*"flop": *'
ok 'a point of the curve an epoch' test "$(peek --json whole | grep -c '"rate": 0\.0.*')" -ge 3
run "train $net --epochs 3 --threads 1 <samples | cmp - whole"
status 0 'one thread: the same bytes'

timeout -s KILL 0.25 train $net --epochs 3 --checkpoint going -o killed <samples
run "train $net --epochs 3 --checkpoint going -o killed <samples && cmp killed whole"
status 0 'killed and called again: the same bytes'
run "train $net --epochs 3 --checkpoint going <samples | cmp - whole"
status 0 'a finished checkpoint gives its weights again'
run "train $net --epochs 4 --checkpoint going -o no <samples"
status 1
stderr exactly 'train: going: it began with epochs 3, this call says 4'
run "pick --first 30 <samples | train $net --epochs 3 --checkpoint going -o no"
status 1
stderr like 'train: going: it began with the samples *'
ok 'nothing appears' test ! -e no

run "train $net --epochs 1 --auxiliary <samples | predict --weights - samples"
status 0 'weights from a pipe'
run 'predict --weights whole --no-history <samples >p && peek p'
status 0
stdout like 'kind: predictions
rows: 40*scores f32 \[10\]*"classes": \["T-shirt/top"*"scores": "logits"*'
run 'predict --weights whole --batch 7 --threads 1 --no-history <samples | cmp - p'
status 0 'whatever the batch and the threads'
run 'evaluate p'
status 0

for call in "train $net --epochs 1" 'predict --weights whole'; do
    run "pick --first 0 <samples | $call -o no"
    status 1
    stderr exactly "${call%% *}: standard input: no rows, expected at least one image"
done
run "save idx idx <samples && load idx idx/images-idx3-ubyte | train $net --epochs 1 -o no"
status 1
stderr like 'train: standard input: row 1: label -1, expected 0 to *'

# A network that learns: 40 images by heart.
run 'train --arch darts-v2 --cells 3 --channels 8 --batch 20 --augment none --epochs 25 -o net <samples &&
    predict --weights net <samples | evaluate --json | sed -n "s/^ *\"top1\": \([0-9.]*\).*/\1/p"'
status 0
ok 'it learns 40 images' awk '{ exit !($1 > 0.7) }' "$WORK/stdout"

# Published designs; epochs one by one, each on pixels of its own.
run 'train --describe --network resnet --depth 20 --channels 16 --image 32x32x3 --json'
status 0
stdout like '*"type": "resnet"*"depth": 20*"weights": 272474,*'
fixed='--network cnn --channels 4 --batch 16 --epochs 3 --no-history'
run "train $fixed -o cnn <samples && predict --weights cnn <samples | evaluate"
status 0
run "train $fixed --threads 1 <samples | cmp - cnn"
status 0 'one thread: the same bytes'
run "for e in 1 2 3; do train $fixed --until \$e --checkpoint one -o parts <samples || exit; done; cmp cnn parts"
status 0 'an epoch a call: the same bytes'
run 'save npy plain samples && load npy plain >plain.samples && head -c 128 plain/image.npy >dark &&
    tail -c +129 plain/image.npy | tr "\200-\377" "\0-\177" >>dark && mv dark plain/image.npy &&
    load npy plain >variants'
status 0
free='--network cnn --channels 4 --batch 16 --epochs 2 --augment none --no-history'
run "train $free --until 1 --checkpoint two -o first <variants &&
    train $free --until 2 --checkpoint two -o second <plain.samples"
status 0 'other pixels of the same images'
run 'for f in first second; do peek --json $f | tr -d "\n" | grep -o "\"normalisation\".*\"training\""; done | uniq -c | cut -c 1-7'
stdout exactly '      2' # measured once
run "train $free --checkpoint two <variants"
status 1
stderr like 'train: two: it began with the samples *'
run "pick --first 20 plain.samples | train $free --until 2 --checkpoint two"
status 1
stderr like 'train: two: it began with the images *'
for call in 'train --network resnet --depth 9 --epochs 1 <samples' \
    'train --network cnn --depth 40 --epochs 1 <samples'; do
    run "$call"
    status 1
done
for call in 'train --network cnn --arch darts-v2' 'train --network cnn --cells 3' 'train --network vgg' \
    'train --arch darts-v2 --depth 3' 'train --network cnn --until 1'; do
    run "$call <samples"
    status 2
done

# Other spaces.
echo '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|nor_conv_3x3~2|' >cell
dense='--arch cell --cells 3 --channels 4 --batch 16 --no-history'
run "train $dense --epochs 2 --threads 2 -o dense <samples && train $dense --epochs 2 --threads 1 <samples | cmp - dense"
status 0 'a cell of nasbench201, whatever the threads'
run 'predict --weights dense <samples | evaluate --json | grep -c top1_low'
stdout exactly 1
run 'peek dense'
stdout like '*"space": "nasbench201", "cells": 3, "genotype": "|nor_conv_3x3~0|+*'
run 'save dot <dense'
stdout like 'digraph network {*28 x 28 x 4*residual block*7 x 7 x 16*4 -> classes*}'
ok 'every edge of its three cells' [ "$(save dot <dense | grep -c 'label="[a-z]*_[a-z_0-9]*"\];')" -eq 16 ]
for call in '--cells 4' '--auxiliary' '--drop-path 0.1'; do
    run "train $dense $call --epochs 1 <samples"
    status 1
    stderr like 'train: *nasbench201*'
done

# Widths and depths.
echo 'resnet-14(10|10-7 (3-10)|9-9 10-4|5-5 (4-4))' >widths
narrow='--arch widths --channels 4 --batch 16 --no-history'
run "train $narrow --epochs 2 --threads 2 -o narrow <samples && train $narrow --epochs 2 --threads 1 <samples | cmp - narrow"
status 0 'a residual network of chosen widths, whatever the threads'
run 'predict --weights narrow <samples | evaluate --json | grep -c top1_low'
stdout exactly 1
run 'save dot <narrow && save onnx narrow.onnx <narrow'
stdout like 'digraph network {*28 x 28 x 4*block of 4 channels*7 x 7 x 8*4 -> classes*}'
for call in '--auxiliary' '--drop-path 0.1'; do
    run "train $narrow $call --epochs 1 <samples"
    status 1
    stderr like 'train: *resnet-14*'
done
run "train $narrow --cells 3 <samples"
status 2

# A teacher.
pupil="$narrow --teacher cnn --distil 0.7 --temperature 2"
run "train $pupil --epochs 3 --threads 2 -o taught <samples && train $pupil --epochs 3 --threads 1 <samples | cmp - taught"
status 0 'taught, whatever the threads'
run "train $narrow --epochs 3 <samples | cmp -s - taught"
status 1 'which makes a difference'
timeout -s KILL 0.25 train $pupil --epochs 3 --checkpoint lesson -o killed <samples
run "train $pupil --epochs 3 --checkpoint lesson -o killed <samples && cmp killed taught"
status 0 'killed and called again: the same bytes'
run "train $narrow --epochs 3 --checkpoint lesson -o no <samples"
status 1
stderr exactly 'train: lesson: it began with a teacher, this call has none'
run "train ${pupil/cnn/narrow} --epochs 3 --checkpoint lesson -o no <samples"
status 1
stderr like 'train: lesson: it began with teacher *'
run "train ${pupil/0.7/0.6} --epochs 3 --checkpoint lesson -o no <samples"
status 1
stderr exactly 'train: lesson: it began with distil 0.7, this call says 0.6'
run "train $pupil --epochs 1 -o lesson.1 <samples && train $pupil --epochs 1 --augment none <samples | peek"
stdout like '*"distil": 0.7*'
run "train --network cnn --channels 2 --depth 2 --batch 16 --epochs 1 --augment none -o small <plain.samples &&
    save npy pixels plain.samples && load npy --size 14x14 pixels >halves 2>/dev/null ||
    load fashion-mnist --size 14x14 train | pick --first 40 >halves
    train $narrow --teacher cnn --epochs 1 -o no <halves"
status 1
stderr exactly 'train: cnn: the teacher sees images of 28 x 28 x 1, these are 14 x 14 x 1'
for call in '--distil 0.5' '--temperature 3' '--teacher cnn --distil 0' '--teacher cnn --temperature 0' '--teacher - ' \
    '--describe --teacher cnn'; do
    run "train $narrow $call --epochs 1 <samples"
    status 2
done
run 'train --network unet --teacher cnn <samples'
status 2
run "train $narrow --teacher samples --epochs 1 <samples"
status 1
stderr like 'train: samples: *'

run 'train --epochs 1 <samples'
status 2
run 'train --arch darts-v2 --epochs 1 --rate 0 <samples'
status 2
run 'echo "Genotype(normal=[])" >bad; train --arch bad <samples'
status 1
stderr like 'train: bad: *'
run 'predict <samples'
status 2
run 'predict --weights samples <samples'
status 1
stderr like 'predict: samples: *'
run 'head -c 9000 whole >cut; predict --weights cut <samples'
status 1
stdout empty
run 'head -c 9000 samples | predict --weights whole'
status 1
run 'pick --first 1 <samples | predict --weights going | peek | head -n 2'
stdout like 'kind: predictions*'
run "train $net --epochs 1 --checkpoint same -o same <samples"
status 2
done_testing
