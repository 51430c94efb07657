#!/bin/bash
# score against PyTorch, numpy and the definition.
. "${0%/*}/../tools/tap.sh"
python=/usr/bin/python3
$python -c 'import torch' 2>/dev/null || skip_all 'no PyTorch (apt install python3-torch)'
load fashion-mnist test >all 2>/dev/null || skip_all 'no Fashion-MNIST'

echo '|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|none~0|avg_pool_3x3~1|nor_conv_3x3~2|' >cell
pick --random 32 --seed 1 all >s
size='--arch cell --cells 3 --channels 4 --seed 3'
train $size --epochs 0 -o net s
save npy net.npy <net
save npy s.npy <s
peek --json net >net.json
score $size s | sed 1d | cut -f 3-5 >ours
$python "$ROOT/tests/peers/score.py" net.npy s.npy net.json >theirs
# A value within rounding of 0 may be on in one of the two: a few bits of thousands.
ok "the same: $(tr '\t' ' ' <ours), by PyTorch in double $(cat theirs)" \
    awk 'NR == FNR { for (i = 1; i < 4; i++) x[i] = $i; next }
        { exit !($3 == x[3] && ($1 - x[1]) ^ 2 < 1e-10 * $1 ^ 2 && ($2 - x[2]) ^ 2 < 1e-10) }' theirs ours
done_testing
