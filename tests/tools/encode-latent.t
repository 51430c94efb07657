#!/bin/bash
# encode-latent without training: principal components, hashes, structural similarity; and the way
# back, by decode-latent.
. "${0%/*}/tap.sh"
export OMP_WAIT_POLICY=passive

pictures() { # how many, height, width, channels, seed: soft ones, of two kinds
    rm -rf arrays
    /usr/bin/python3 - "$@" <<'END'
import os, sys, numpy as np
n, h, w, c, seed = map(int, sys.argv[1:])
r = np.random.default_rng(seed)
y, x = np.mgrid[0:h, 0:w]
label = (np.arange(n) % 2).astype(np.int32)
def one(i):
    a, b = r.normal(size=2) + (8 if label[i] else 16, 12)
    return r.uniform(80, 160) * np.exp(-((x - a)**2 + (y - b)**2) / (40 if label[i] else 90))
image = np.stack([one(i) for i in range(n)])[..., None] + r.uniform(0, 30, size=(n, h, w, c))
os.makedirs('arrays')
np.save('arrays/image.npy', image.astype(np.uint8))
np.save('arrays/label.npy', label)
np.save('arrays/id.npy', np.arange(n) + 1000 * seed)
END
    load npy arrays
}
pictures 120 28 24 1 1 >pool
pictures 40 28 24 1 2 >others
pictures 30 20 20 3 3 >colours

for method in 'pca --latent 5' 'hash --latent 16' 'ssim --latent 5 --landmarks 40'; do
    name=${method%% *}
    [ $name = hash ] && fit= || fit='--fit pool'
    run "encode-latent --no-history --method $method <pool >z"
    status 0
    stderr empty
    run "encode-latent --no-history --method $method $fit pool | save tsv a && save tsv b z && cmp a b"
    status 0 "$name: learnt from the input, or from the same elsewhere"
    run "encode-latent --no-history --method $method --threads 1 pool | cmp - z"
    status 0 "$name: the same bytes of one thread"
    run "pick --first 3 pool | encode-latent --method $method $fit | save tsv three && save tsv all z &&
        head -n 4 all | cmp - three"
    status 0 "$name: an image's latent does not depend on the others"
    run "encode-latent --method $method $fit others | evaluate latents --draws 0 | grep purity1"
    ok "$name: held-out images of a kind lie together" \
        awk '{ exit !($2 > 0.8) }' "$WORK/stdout"
    run "encode-latent --method $method $fit others | peek --json | tr -d ' \n'"
    stdout like "*\"encoder\":{\"method\":\"$name\",\"latent\":*"
done
run 'encode-latent --method hash others | save tsv | head -n 1 | tr "\t" "\n" | grep -c ^z'
stdout exactly 64
run 'encode-latent --method hash colours | save tsv | tail -n +2 | cut -f 3- | tr "\t" "\n" | sort -u | xargs'
stdout exactly '0 1'
run 'encode-latent --method ssim --latent 3 colours | peek --json | tr -d " \n"'
stdout like '*"landmarks":30*'
run 'encode-latent --method pca --latent 4 pool | build-kdtree | peek | head -n 2'
stdout like 'kind: forest*'

# the way back
run 'encode-latent --method pca --latent 120 pool | decode-latent --method pca --fit pool >back && save npy ours back && save npy theirs pool &&
    cmp ours/image.npy theirs/image.npy && cmp ours/id.npy theirs/id.npy'
status 0 'all components tell all of an image'
psnr() { # components
    encode-latent --method pca --fit pool --latent $1 others | decode-latent --method pca --fit pool |
        evaluate images others | awk '$1 == "psnr" { print $2 }'
}
run 'psnr 1 >one; psnr 8 >eight; psnr 1 | cmp - one'
status 0
ok 'more components tell more of images that were not learnt from' \
    awk "BEGIN { exit !($(cat eight) > $(cat one) + 0.5) }"
run 'encode-latent --method pca --latent 4 pool | decode-latent --no-history --method pca --fit pool --threads 1 >one
    encode-latent --method pca --latent 4 pool | decode-latent --no-history --method pca --fit pool --threads 2 | cmp - one'
status 0 'the same bytes of one thread and two'
# an encoder's images come back as large as they went in, wherever latents tell it
run 'train-encoder --epochs 1 --side 32 --width 1 --latent 2 --no-history -o net pool &&
    encode-latent --weights net others | decode-latent --weights net >back && evaluate images others back | head -n 1'
status 0 'an image comes back as large as it went in'
stdout exactly 'rows                  40'
run 'encode-latent --weights net others | save npy bare && load npy bare | decode-latent --weights net | peek'
stdout like '*image u8 \[32,32,1\]*'

# wrong calls
for call in '' '--method pca --weights net' '--latent 4 --weights net' '--method hash --fit pool' \
    '--method pca --landmarks 9' '--method ssim --latent 0' '--method ssim --latent 257' \
    '--method pca --fit -' '--method none' '--fit pool --weights net'; do
    run "encode-latent $call <others"
    status 2
done
for call in '' '--method pca' '--method pca --fit pool --weights net' '--weights net --fit pool' \
    '--method pca --fit -' '--method hash --fit pool'; do
    run "decode-latent $call <z"
    status 2
done
run 'encode-latent --method pca --latent 5 --fit pool colours'
status 1
stderr like 'encode-latent: colours: rows 1 to 30: images of 20 x 20 x 3, those of the pool are 28 x 24 x 1*'
run 'encode-latent --method pca --latent 50 colours'
status 1
stderr like 'encode-latent: colours: 50 components of 30 images*'
run 'encode-latent --method ssim --latent 8 --landmarks 7 pool'
status 1
stderr like 'encode-latent: pool: 8 numbers of 7 landmarks*'
run 'encode-latent --method hash --latent 10 pool'
status 1
stderr like 'encode-latent: pool: a hash of 10 bits, expected the square of 1 to 16'
run 'pick --first 0 pool | encode-latent --method pca --latent 2'
status 1
stderr like 'encode-latent: standard input: no rows*'
run 'encode-latent --method pca --fit z --latent 2 pool'
status 1
run 'encode-latent --method pca --fit absent --latent 2 pool'
status 1
run 'encode-latent --method pca --latent 5 pool | decode-latent --method pca --fit z'
status 1
run 'encode-latent --method pca --latent 50 pool | decode-latent --method pca --fit colours'
status 1
stderr like 'decode-latent: colours: 50 components of 30 images*'
# latents that are not those of what would bring them back
run 'encode-latent --method ssim --latent 4 pool | decode-latent --method pca --fit pool'
status 1
stderr exactly 'decode-latent: standard input: latents by ssim, expected those by pca'
run 'encode-latent --method pca --latent 4 pool | decode-latent --weights net'
status 1
stderr exactly 'decode-latent: standard input: latents by pca, expected those by an encoder'
run 'encode-latent --weights net others | decode-latent --method pca --fit pool'
status 1
stderr exactly 'decode-latent: standard input: latents by an encoder, expected those by pca'
run 'encode-latent --method pca --latent 4 pool | decode-latent --method pca --fit others | peek | grep -c rows'
status 0
stderr exactly 'decode-latent: standard input: latents by other images than others, or by these in another file'
run 'train-encoder --epochs 1 --side 32 --width 1 --latent 2 --seed 2 --no-history -o other pool; encode-latent --weights net others | decode-latent --weights other'
status 1
stderr like 'decode-latent: standard input: latents by other weights than other (digest *, not *)'
done_testing
