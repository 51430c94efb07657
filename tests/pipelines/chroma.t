#!/bin/bash
# compress --chroma, as a network is concerned: of two classes that differ only in colours which change
# from pixel to pixel (Poyser 2023, 3.5.1), full chroma leaves a network what tells them apart.
. "${0%/*}/../tools/tap.sh"
[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] ||
    skip_all 'Debian package dataset-fashion-mnist is missing'

# Garments, grey, and every other one with a checkerboard of two colours as bright as the grey.
coloured() { # images
    load fashion-mnist test | pick --first "$1" | save npy grey && perl -e '
        open my $from, "<:raw", "grey/image.npy" or die;
        local $/;
        my ($n) = @ARGV;
        my @grey = unpack "C*", substr <$from>, -$n * 784;
        sub npy { my ($name, $type, $shape, $data) = @_;
            my $head = "{\x27descr\x27: \x27$type\x27, \x27fortran_order\x27: False, \x27shape\x27: ($shape), }";
            $head .= " " x (-(11 + length $head) % 64) . "\n";
            open my $to, ">:raw", "coloured/$name.npy" or die;
            print $to "\x93NUMPY\x01\x00", pack("v", length $head), $head, $data; close $to or die }
        my $pixels = "";
        for my $i (0 .. $n * 784 - 1) {
            my ($image, $y, $x) = (int($i / 784), int($i % 784 / 28), $i % 28);
            my $luma = 64 + $grey[$i] / 2; # room for the colours
            my $cb = $image % 2 ? ($x + $y) % 2 ? 30 : -30 : 0;
            $pixels .= pack "C3", map { int($_ + 0.5) } $luma, $luma - 0.344136 * $cb, $luma + 1.772 * $cb;
        }
        mkdir "coloured";
        npy("image", "|u1", "$n, 28, 28, 3", $pixels);
        npy("label", "<i8", "$n,", pack "q<*", map { $_ % 2 } 0 .. $n - 1);
        npy("id", "<i8", "$n,", pack "q<*", 0 .. $n - 1);' "$1" &&
        load npy coloured && rm -r grey coloured
}
coloured 500 >all
pick --random 400 all >train
pick --not-ids train all >test
top1() { # chroma
    compress --jpeg 95 --chroma "$1" train |
        train --network cnn --depth 2 --channels 4 --batch 16 --rate 0.05 --epochs 8 --augment none -q -o net &&
        compress --jpeg 95 --chroma "$1" test | predict --weights net |
        evaluate --draws 0 --json | sed -n 's/.*"top1": \([0-9.]*\).*/\1/p'
}
run 'top1 444 | awk "{ print; exit !(\$1 >= 0.95) }"'
status 0 'full chroma: 95 % and more can be told apart'
run 'top1 420 | awk "{ print; exit !(\$1 < 0.6) }"'
status 0 'a quarter of it: hardly better than chance'
done_testing
