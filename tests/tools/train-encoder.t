#!/bin/bash
# train-encoder, encode-latent, decode-latent on real images.
. "${0%/*}/tap.sh"

load fashion-mnist test 2>/dev/null | pick --first 40 >samples 2>/dev/null ||
    skip_all 'no Fashion-MNIST (apt install dataset-fashion-mnist)'
fast='--width 4 --latent 4 --batch 16 --no-history'

# loss weight name
while read -r loss weight name; do
    call="train-encoder $fast --loss $loss --weight $weight"
    run "$call --epochs 2 -o $name <samples"
    status 0
    run "$call --epochs 2 --threads 1 <samples | cmp - $name"
    status 0 "$name: the same bytes with one thread"
    run "$call --epochs 1 --checkpoint c.$name -o half <samples &&
        $call --epochs 2 --checkpoint c.$name <samples | cmp - $name"
    status 0 "$name: stopped after an epoch and gone on, the same bytes"
    run "$call --epochs 2 --checkpoint c.$name <samples | cmp - $name"
    status 0 "$name: finished work is not redone"
done <<'LOSSES'
mse sum mse
mse+contractive sum contractive
mse+triplet kendall triplet
vae+mse+second 0.01,1,0.5 vae
circle+cosine+contrastive kendall ranks
LOSSES
ok 'sum: each loss as much as usual' test "$(peek --json contractive | grep -A1 '"loss": "mse')" = \
    '      "loss": "mse+contractive",
      "weight": [1.0, 0.0001],'
run "train-encoder $fast --loss triplet --epochs 2 --checkpoint c.triplet <samples"
status 1
stderr like 'train-encoder: c.triplet: it began with loss "mse+triplet", this call says "triplet"*'
run "train-encoder $fast --loss mse+triplet --margin 2 --weight kendall --epochs 2 --checkpoint c.triplet <samples"
status 1
stderr like 'train-encoder: c.triplet: it began with margin {"triplet": 1.0}, *'

# ---- what is no objective ----
wrong() { # options, what it says
    run "train-encoder $1 samples"
    status 2
    stderr like "train-encoder: --$2*"
}
wrong '--loss mse+tripet' "loss: there is no loss 'tripet'; did you mean triplet?"
wrong '--loss mse+' "loss: expected some of mse|*, joined by '+', found ''"
wrong '--loss circle+mse+circle' 'loss: circle is there twice'
wrong '--loss circle --batch 1' 'batch: expected at least 2, as circle compares images of a batch'
wrong '--loss mse --weight 1,2' 'weight: 2 weights of 1 losses'
wrong '--loss mse --weight -1' "weight: expected kendall, sum or numbers from 0 parted by commas, found '-1'"
wrong '--weight 1,nan' 'weight: expected kendall, sum *'
wrong '--weight 1,' 'weight: expected kendall, sum *'
run "pick --classes 1 samples | train-encoder $fast --loss cosine"
status 1
stderr like 'train-encoder: a loss that compares images needs labels of two classes or more*'

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
run 'encode-latent --no-history --weights vae <samples | decode-latent --weights vae | peek --json'
status 0 "of a variational auto-encoder, too: its mean is the latent"
stdout like '*"samples"*"rows": 40*'
run 'encode-latent --no-history --weights ranks <samples | decode-latent --weights ranks | peek --json'
status 0 'and of one whose decoder was not trained'
run 'decode-latent --weights mse <latents | peek --json'
status 0
stdout like '*"samples"*"rows": 40*'

run 'encode-latent --unit --weights ranks <samples >directions && save tsv <directions | tail -n +2 |
    awk -F "\t" "{ s = 0; for (i = NF - 3; i <= NF; i++) s += \$i * \$i; if (s < 0.99999 || s > 1.00001) exit 1 } END { exit NR != 40 }"'
status 0 'latents of length 1'
run 'decode-latent --weights ranks <directions'
status 1
stderr like 'decode-latent: *: latents of length 1 (--unit), expected those as encoded*'
run 'encode-latent --method hash --unit samples'
status 2

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
