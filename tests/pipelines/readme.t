#!/bin/bash
# What README shows is run as it stands there.
. "${0%/*}/../tools/tap.sh"

[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] ||
    skip_all 'Debian package dataset-fashion-mnist is missing'

awk '/^```/ { inside = /^```sh/; n += inside; next } inside { print >("block." n) }' "$ROOT/README.md"
for block in block.*; do
    run "set -e; . ./$block"
    status 0 "README, $block"
done
for file in pool encoder forest subset search net sheet.png arrays/image.npy tensors/an.npy; do
    ok "README makes $file" test -s $file
done
for name in $(ls "$BIN" | grep -vx winnow); do
    ok "README knows $name" grep -q "^|.*\`$name\`.*|" "$ROOT/README.md"
done
done_testing
