#!/bin/bash
# degrade: blur and noise of the squared error that a codec made.
. "${0%/*}/tap.sh"

be() { perl -e 'print pack "N*", @ARGV' "$@"; }
# Smooth pictures with a little noise: count, height, width, channels.
pictures() {
    printf '\0\0\10\4'
    be "$1" "$2" "$3" "$4"
    perl -e 'my ($n, $h, $w, $c) = @ARGV; srand 1;
        for my $i (1 .. $n) { for my $y (1 .. $h) { for my $x (1 .. $w) {
            print pack "C", 128 + 80 * sin($x * $i / 7 + $_) * cos($y / (3 + $_)) + rand 40 for 1 .. $c;
        } } }' "$@"
}
pictures 5 28 28 1 >images && load idx images -o grey
pictures 4 21 32 3 >images && load idx images -o colour

metric() { evaluate images --json "$1" "$2" | sed -n "s/^ *\"$3\": \([^,]*\),*$/\1/p"; }
# Whether two numbers are within a part of one another.
near() { perl -e 'exit !(abs($ARGV[0] - $ARGV[1]) <= $ARGV[2] * abs $ARGV[1])' "$@"; }

for set in grey colour; do
    for level in 50 5; do
        compress --jpeg $level -o left $set
        for way in blur noise; do
            run "degrade --$way --of $set -o worse left"
            status 0 "$way of $set as by JPEG at $level"
            ok "its squared error" near "$(metric $set worse mse)" "$(metric $set left mse)" 0.02
        done
    done
done
compress --jpeg 5 -o left grey
run 'degrade --blur --of grey <left | peek'
stdout like '*id i64*label i32*image u8 \[28,28,1\]*history:*load*compress*degrade*'
ok 'what the codec tells does not pass on' test "$(grep -cE '^  (bytes|scan|level) |"codec": \{.*"extent' "$WORK/stdout")" = 1
run 'degrade --blur --of grey left | save npy blurred && degrade --noise --of grey left | save npy noisy && save npy was grey
    for f in was blurred noisy; do tail -c +129 $f/image.npy >$f.bytes; done
    perl -e '\''for my $f (qw(was blurred noisy)) { open my $h, "<:raw", "$f.bytes"; local $/; my @p = unpack "C*", <$h>;
        my ($mean, $rough) = (0, 0); $mean += $_ / @p for @p; $rough += ($p[$_] - $p[$_ - 1])**2 for 1 .. $#p; printf "%.0f %.0f\n", $mean, $rough / @p }'\'
status 0
mapfile -t found <"$WORK/stdout"
ok 'blur takes fine detail away, noise adds some, and the mean stays' perl -e '
    my ($m, $r, $bm, $br, $nm, $nr) = map { split } @ARGV;
    exit !(abs($m - $bm) < 2 && abs($m - $nm) < 3 && $br < $r && $nr > $r)' "${found[@]}"
run 'compress --png grey | degrade --noise --of grey | save npy same && cmp same/image.npy was/image.npy'
status 0 'what nothing was lost of stays as it is'
run 'cmp <(degrade --noise --of grey --threads 1 --no-history left) <(degrade --noise --of grey --threads 2 --no-history left)'
status 0 'one thread or two: the same bytes'
run 'cmp -s <(degrade --noise --of grey --no-history left) <(degrade --noise --seed 2 --of grey --no-history left)'
status 1 'another seed: other noise'

# The same pixels elsewhere, the same place for all images, and all of a pixel's channels.
run 'degrade --shuffle colour -o mixed && peek mixed'
stdout like '*id i64*label i32*image u8 \[21,32,3\]*history:*load*degrade*'
run 'save npy plain colour; save npy other mixed; for f in plain other; do tail -c +129 $f/image.npy >$f.bytes; done
    perl -e '\''my @images = map { open my $h, "<:raw", "$_.bytes"; local $/; [unpack "(a2016)*", <$h>] } qw(plain other);
        my (%at, %kept); my ($same, $n) = (0, 0);
        for my $place (0 .. 671) { my $key = join "", map { substr $_, 3 * $place, 3 } @{ $images[0] }; $at{$key} = $place }
        for my $place (0 .. 671) { my $key = join "", map { substr $_, 3 * $place, 3 } @{ $images[1] }; $kept{$at{$key} // "lost"}++; $same += ($at{$key} // -1) == $place }
        printf "%d images, %d places, %s\n", scalar @{ $images[1] }, scalar keys %kept, $same < 20 ? "mixed" : "as they were"'\'
stdout exactly '4 images, 672 places, mixed'
run 'cmp -s other/image.npy <(degrade --shuffle --seed 2 colour | save npy again - && cat again/image.npy)'
status 1 'another seed: another order'
run 'degrade --shuffle --no-history <colour | cmp - <(pick --first 1 colour --no-history | degrade --shuffle --no-history | cat - <(pick --not-ids <(pick --first 1 colour) colour --no-history | degrade --shuffle --no-history) | pick --no-history)'
status 0 'an image is shuffled as it is in any company'
run 'compress --jpeg 5 grey | degrade --shuffle | peek | grep -cE "^  (bytes|scan|level) "'
stdout exactly 3
run 'pick --first 0 grey | degrade --shuffle | peek | grep rows'
stdout exactly 'rows: 0'

fails() { # message, command
    run "$2"
    status 1 "$2"
    stderr like "degrade: $1"
    stdout empty
}
fails 'left: 5 rows, and 4 in colour*' 'degrade --blur --of colour left'
fails '*another size*' 'pick --first 4 left | degrade --blur --of colour'
fails '*id 1, expected 0 as in first*' 'pick --first 1 grey -o first; pick --first 2 left -o two; pick --not-ids first two | degrade --blur --of first'
# A flat image is the same however blurred.
printf '\0\0\10\4' >images && be 1 16 16 1 >>images && head -c 256 /dev/zero | tr '\0' d >>images && load idx images -o flat
run 'compress --jpeg 1 flat | degrade --blur --of flat | evaluate images flat | grep -c "^same *1"'
stdout exactly 1
stderr like 'degrade: 1 of 1 images cannot be made as bad*'
fails '*0 rows, and 0 in none, expected as many, and at least one' 'pick --first 0 grey -o none; compress --jpeg 5 none | degrade --blur --of none'
for wrong in '' '--blur' '--blur --noise --of grey' '--of grey' '--blur --seed 2 --of grey' '--shuffle --of grey' \
    '--shuffle --noise --of grey' '--shuffle --threads 2'; do
    run "degrade $wrong left"
    status 2 "degrade $wrong"
done
done_testing
