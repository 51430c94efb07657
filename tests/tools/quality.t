#!/bin/bash
# evaluate images: against netpbm, scikit-image and the definitions.
. "${0%/*}/tap.sh"

be() { perl -e 'print pack "N*", @ARGV' "$@"; }
# Smooth pictures with a little noise: count, height, width, channels, seed.
pictures() {
    printf '\0\0\10\4'
    be "$1" "$2" "$3" "$4"
    perl -e 'my ($n, $h, $w, $c, $seed) = @ARGV; srand $seed;
        for my $i (1 .. $n) { for my $y (1 .. $h) { for my $x (1 .. $w) {
            print pack "C", 128 + 90 * sin($x * $i / 17 + $_) * cos($y / (9 + $_)) + rand 30 for 1 .. $c;
        } } }' "$@"
}
pictures 1 37 45 1 1 >grey && load idx grey -o grey.samples
pictures 3 40 52 3 2 >colour && load idx colour -o colour.samples
compress --jpeg 20 -o grey.left grey.samples
compress --jpeg 20 -o colour.left colour.samples

metric() { sed -n "s/^ *\"$1\": \([^,]*\),*$/\1/p" "$WORK/stdout"; }
# Whether two numbers are within a part of one another.
near() { perl -e 'exit !(abs($ARGV[0] - $ARGV[1]) <= $ARGV[2] * abs $ARGV[1])' "$@"; }

# ---- independent measures ----
run 'evaluate images --json grey.samples grey.left'
status 0
if command -v pnmpsnr >/dev/null && command -v pngtopnm >/dev/null; then
    psnr=$(metric psnr)
    save png one grey.samples && save png two grey.left
    pngtopnm one/0.png >one.pgm && pngtopnm two/0.png >two.pgm
    theirs=$(pnmpsnr -machine one.pgm two.pgm)
    ok "PSNR $psnr is pnmpsnr's $theirs" near "$psnr" "$theirs" 0.001
else
    skip 'no netpbm'
fi
save npy a colour.samples && save npy b colour.left && save npy c grey.samples && save npy d grey.left
if /usr/bin/python3 -c 'import skimage.metrics' 2>/dev/null; then
    cat >ssim.py <<'PY'
import sys, numpy
from skimage.metrics import structural_similarity, peak_signal_noise_ratio
a, b = (numpy.load(f + "/image.npy") for f in sys.argv[1:])
ssim = [numpy.mean([structural_similarity(x[..., c], y[..., c], data_range=255, gaussian_weights=True,
        sigma=1.5, use_sample_covariance=False) for c in range(x.shape[-1])]) for x, y in zip(a, b)]
psnr = [peak_signal_noise_ratio(x, y) for x, y in zip(a, b)]
print(numpy.mean(ssim), numpy.mean(psnr))
PY
    for name in 'grey c d' 'colour a b'; do
        set -- $name
        run "evaluate images --json $1.samples $1.left"
        read -r ssim psnr < <(/usr/bin/python3 ssim.py "$2" "$3")
        ok "$1: SSIM $(metric ssim) is scikit-image's $ssim" near "$(metric ssim)" "$ssim" 1e-6
        ok "$1: PSNR $(metric psnr) is scikit-image's $psnr" near "$(metric psnr)" "$psnr" 1e-9
    done
else
    skip 'no python3-skimage'
fi

# ---- MS-SSIM by its definition ----
pictures 1 191 176 1 3 >large && load idx large -o large.samples && compress --jpeg 10 large.samples -o large.left
save npy e large.samples && save npy f large.left
cat >ms.py <<'PY'
import numpy
a, b = (numpy.load(f + "/image.npy")[0, ..., 0].astype(float) for f in "ef")
g = numpy.exp(-(numpy.arange(11) - 5) ** 2 / 4.5)
g = numpy.outer(g, g) / g.sum() ** 2
def mean(x):
    w = numpy.lib.stride_tricks.sliding_window_view(x, (11, 11))
    return numpy.einsum("yxij,ij->yx", w, g)
def half(x):
    x = numpy.pad(x, [(0, n % 2) for n in x.shape], "edge")
    return (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4
product = 1
for i, weight in enumerate([0.0448, 0.2856, 0.3001, 0.2363, 0.1333]):
    if i:
        a, b = half(a), half(b)
    p, q = mean(a), mean(b)
    s, t, st = mean(a * a) - p * p, mean(b * b) - q * q, mean(a * b) - p * q
    c = (2 * st + 58.5225) / (s + t + 58.5225)
    l = (2 * p * q + 6.5025) / (p * p + q * q + 6.5025)
    product *= (c * l if i == 4 else c).mean() ** weight
print(product)
PY
run 'evaluate images --json large.samples large.left'
if theirs=$(/usr/bin/python3 ms.py 2>/dev/null); then
    ok "MS-SSIM $(metric ms_ssim) is $theirs" near "$(metric ms_ssim)" "$theirs" 1e-9
else
    skip 'no NumPy'
fi

# ---- bytes, entropies ----
run 'evaluate images --json colour.samples colour.left'
bytes=$(metric bytes) bpp=$(metric bits_per_pixel) psnr=$(metric psnr)
ok 'bytes are the mean of what compress noted' near "$bytes" \
    "$(save json <colour.left | sed 's/.*"bytes":\([0-9]*\).*/\1/' | awk '{ s += $1 / 3 } END { print s }')" 1e-5
ok 'bits a pixel' near "$bpp" "$(awk "BEGIN { print $bytes * 8 / (40 * 52) }")" 1e-5
{ printf '\0\0\10\3'; be 1 2 4; printf '\0\0\1\1\2\2\3\3'; } >four
run 'load idx four -o same; evaluate images same same | grep -e entropy -e ssim'
stdout exactly $'entropy_y             2.0000\nreference_entropy_y   2.0000'
run 'compress --png colour.samples | evaluate images colour.samples | grep -e same -e mse -e ^ssim -e psnr'
stdout exactly $'same                  3\nmse                   0.0000\nssim                  1.0000'
run 'evaluate images --stream colour.samples colour.left | save tsv | grep -c .'
stdout exactly 21

# ---- a clip's frames are pictures ----
{ printf 'YUV4MPEG2 W24 H16 F5:1 Cmono\n'; for n in 1 2 3; do echo FRAME; perl -e 'srand shift; print map { chr(100 + rand 50) } 1 .. 384' $n; done; } >clip.y4m
run 'load y4m clip.y4m -o clip; evaluate images clip clip | head -n 3 | tr -s " \n" " "'
stdout exactly 'rows 1 pictures 3 same 3 '

# ---- r2, by numpy ----
run 'save npy was colour.samples && save npy is colour.left && evaluate images --json colour.samples colour.left >told'
number() { tr -d ' \n' <told | sed "s/.*\"$1\":\([-0-9.e]*\).*/\1/"; }
ok 'r2 is of the variance around the mean image' /usr/bin/python3 -c "import numpy as np
a, b = (np.load(f + '/image.npy').astype(float) for f in ('was', 'is'))
assert abs(1 - ((a - b)**2).sum() / ((a - a.mean(0))**2).sum() - $(number r2)) < 1e-9
assert $(number r2_low) <= $(number r2) <= $(number r2_high)"
run 'evaluate images --draws 0 colour.samples colour.left | grep -c r2; evaluate images --json --threads 1 colour.samples colour.left | cmp - told'
stdout exactly 1
run 'evaluate images --draws 0 --seed 2 colour.samples colour.left'
status 2
run 'evaluate images large.samples large.samples | grep r2; load idx four | pick --first 1 >single; evaluate images single single | grep -c r2'
stdout like '*0'

# ---- refused ----
run 'pick --first 2 colour.samples | evaluate images colour.samples'
status 1
stderr exactly 'evaluate: standard input: 2 rows, the other has more'
run 'pick --first 2 colour.samples >two.samples; evaluate images two.samples colour.left'
stderr exactly 'evaluate: two.samples: 2 rows, the other has more'
run 'pick --random 2 --seed 3 colour.samples >pair; pick --not-ids pair colour.samples | evaluate images pair'
stderr like 'evaluate: standard input: row 1: id *, expected * like the reference'
run 'evaluate images grey.samples large.left'
stderr exactly "evaluate: large.left: row 1: pixels of other extents than the reference's"
run 'load idx grey --size 5x5 | pick --first 0 >none; evaluate images none none'
stderr exactly 'evaluate: none: no rows'
for call in 'a b c d' 'images - -' 'images a b --scores logits' 'images a b --draws 0 --seed 3' 'one two'; do
    run "evaluate $call"
    status 2 "refused: evaluate $call"
done
done_testing
