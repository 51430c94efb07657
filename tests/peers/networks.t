#!/bin/bash
# Super-nets, discrete network, auto-encoder, its losses and the published designs at full size against
# PyTorch, in double and in float.
. "${0%/*}/../tools/tap.sh"
python=/usr/bin/python3
$python -c 'import torch' 2>/dev/null || skip_all 'no PyTorch (apt install python3-torch)'

for network in autoencoder objective supernet partial tas discrete nasbench201 cnn resnet; do
    for dump in dump_f64 dump; do
        mkdir -p "$network.$dump" && "$BUILD/peers/$dump" "$network" "$network.$dump" &&
            $python "$ROOT/tests/peers/networks.py" "$network" "$network.$dump" >report
        tap_result $? "$network by $dump"
        sed 's/^/#   /' report
        rm -rf "$network.$dump"
    done
done
done_testing
