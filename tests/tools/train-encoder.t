#!/bin/bash
# train-encoder, encode-latent, decode-latent on real images.
. "${0%/*}/tap.sh"

load fashion-mnist test 2>/dev/null | pick --first 40 >samples 2>/dev/null ||
    skip_all 'no Fashion-MNIST (apt install dataset-fashion-mnist)'
fast='--width 4 --latent 4 --batch 16 --no-history'

for loss in mse contractive triplet; do
    run "train-encoder $fast --loss $loss --epochs 2 -o $loss <samples"
    status 0
    run "train-encoder $fast --loss $loss --epochs 2 --threads 1 <samples | cmp - $loss"
    status 0 "$loss: the same bytes with one thread"
    run "train-encoder $fast --loss $loss --epochs 1 --checkpoint c.$loss -o half <samples &&
        train-encoder $fast --loss $loss --epochs 2 --checkpoint c.$loss <samples | cmp - $loss"
    status 0 "$loss: stopped after an epoch and gone on, the same bytes"
    run "train-encoder $fast --loss $loss --epochs 2 --checkpoint c.$loss <samples | cmp - $loss"
    status 0 "$loss: finished work is not redone"
done
run "train-encoder $fast --loss mse --epochs 2 --rate 0.1 --checkpoint c.mse <samples"
status 1
stderr like 'train-encoder: c.mse: it began with rate 0.001*'
run "train-encoder $fast --loss mse --epochs 1 --checkpoint c.mse <samples"
status 1

run "train-encoder $fast --epochs 0 -o untrained <samples"
status 0 'an untrained encoder'
run 'peek --json untrained'
stdout like '*"autoencoder"*'

run 'encode-latent --no-history --weights mse <samples >latents'
status 0
run 'encode-latent --no-history --weights mse --threads 1 <samples | cmp - latents'
status 0 'the same bytes with one thread'
run 'pick --first 3 samples | encode-latent --weights mse | save tsv three && save tsv all <latents &&
    paste three all >/dev/null && head -4 all | cmp - three'
status 0 "a latent depends on its image alone"
run 'peek --json latents'
stdout like '*"latents"*"rows": 40*"encoder"*'
run 'decode-latent --weights mse <latents | peek --json'
status 0
stdout like '*"samples"*"rows": 40*'

run 'encode-latent <samples'
status 2
run 'encode-latent --weights absent <samples'
status 1
run 'encode-latent --weights latents <samples'
status 1
run 'decode-latent --weights mse <samples'
status 1
run "train-encoder --side 33 <samples -o never"
status 2
stderr like 'train-encoder: --side: expected a power of two, found 33*'
ok 'nothing written after an error' test ! -e never
run "train-encoder $fast --epochs 1 --checkpoint same -o same <samples"
status 2
done_testing
