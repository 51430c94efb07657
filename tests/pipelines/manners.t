#!/bin/bash
# What every pipeline has in common: its outside, its page, and that a folder holds the results of one
# choice of settings by one version of the programs.
. "${0%/*}/../tools/tap.sh"
pipelines=$ROOT/pipelines

for name in ablation cell-bench claims compressed-search compression-study dds-nas encoder-lab gradient-noise scatter; do
    run '"$pipelines/$name" --help'
    status 0
    stderr empty
    stdout like "*usage: $name *"
    ok "its help knows nothing of make's" test "$(grep -c 'GNU\|--always-make' "$WORK/stdout")" = 0
    run '"$pipelines/$name" --version'
    status 0
    stdout like "$name (winnow) *"
    ok "$name has a page" test -s "$ROOT/man/winnow-$name.1"
done
for call in 'ablation FRAMEWORK=darts' 'cell-bench SPACE=darts' 'compression-study EPCHS=3' 'compressed-search SEED=3' 'encoder-lab LATENT=8' 'gradient-noise ARM=dds' 'claims run PILLOT=1 P3-1' 'claims run --json P3-1' 'dds-nas MASTRY=1'; do
    run "$pipelines/$call"
    status 2
    stdout empty
    stderr like "${call%% *}: no setting is called *--help tells more"
done
run '"$pipelines/compression-study" --help DATA=clips EPOCHS=7'
stdout like '*LEVELS = 23 25*EPOCHS = 7*FRAMES = 3*'
for call in ablation cell-bench compressed-search compression-study encoder-lab gradient-noise 'claims run'; do
    name=${call% *}
    for setting in $("$pipelines/$name" ${call#"$name"} --help | sed -n 's/^\([A-Z_]*\) = .*/\1/p'); do
        ok "$name's page or that of dds-nas knows $setting" grep -qw "$setting" "$ROOT/man/winnow-$name.1" "$ROOT/man/winnow-dds-nas.1"
    done
done
run '"$pipelines/dds-nas" --dry-run --profile brief --name never | grep -c "mine .*--random"'
stdout exactly 1 # random selection stands beside mining unasked
run '"$pipelines/dds-nas" --dry-run --profile demo --name never | grep -c "mine .*--random"'
stdout exactly 0 # but in the demo
run '"$pipelines/dds-nas" --dry-run --name never --arms "dds-hardness-0.9-mastery-0.2 fresh" --until train | grep -o "mine .*-o"'
stdout like 'mine --forest */trained/forest --hardness 0.9 --seed 1 --mastery 0.2 --warm-up 10*--hardness 0 --seed 1 --random --force *'
run '"$pipelines/dds-nas" --dry-run --arms dds-mastery-high'
status 2
stderr like '*no arm is called dds-mastery-high*'

# ---- completion ----
offers() { # wanted, words, the last of them the one to be completed
    local wanted=$1
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    "_winnow_${1//-/_}"
    ok "bash: $*|" test "${COMPREPLY[*]-}" = "$wanted"
}
"$pipelines/complete" bash >completion && . ./completion
offers 'TEST= TRAIN= THREADS=' compression-study T
offers '--help' compression-study --h
offers '--json' compressed-search --j
offers '--compress-encoder --compress-final --compress-search' dds-nas --comp
offers '--version' scatter --v
offers '' claims nothing
if command -v zsh >/dev/null; then
    { echo "#compdef $("$pipelines/complete" names)" && "$pipelines/complete" zsh; } >_winnow
    ok 'zsh: it parses' zsh -n _winnow
else
    skip 'no zsh'
fi
run '"$pipelines/complete"'
status 2

# ---- one version ----
mkdir fake
fake() { printf '#!/bin/sh\necho "peek (winnow) %s, xxHash 0.8.1, msgpack-c 4.0.0"\n' "$1" >fake/peek && chmod +x fake/peek; }
same() { PATH=$PWD/fake:$PATH "$pipelines/same-settings" study "$@"; }
versions() { sed -n 's/^VERSIONS = //p' "$1/settings"; }
fake v1-2-gabcdef0
run 'same run "A = 1" "B ="'
status 0
run 'cat run/settings'
stdout exactly $'A = 1\nB =\nVERSIONS = v1-2-gabcdef0'
touch -d 2001-01-01 run/settings
run 'same run "A = 1" "B ="'
status 0 'the same again'
ok 'which leaves the file alone' test ! run/settings -nt fake/peek
run 'same run "A = 2" "B ="'
status 1
stderr like '*< A = 1*> A = 2*study: run holds a run of other settings; choose another folder'
fake 7654321
run 'same run "A = 1" "B ="'
status 1 'another version'
stderr exactly 'study: run holds results of version v1-2-gabcdef0, and this is 7654321; choose another folder, or go on all the same with VERSIONS=any'
run 'VERSIONS=any same run "A = 2" "B ="'
status 1 'VERSIONS=any is not for other settings'
run 'VERSIONS=any same run "A = 1" "B =" && versions run'
stdout exactly 'v1-2-gabcdef0 7654321'
for version in 7654321 v1-2-gabcdef0; do
    fake $version
    run 'same run "A = 1" "B ="'
    status 0 'both go on'
done
fake 765432
run 'same run "A = 1" "B ="'
status 1 'a part of a version is none'
sed -i '/^VERSIONS/d' run/settings
run 'same run "A = 1" "B ="'
status 1 'a folder that does not tell its version'
stderr like '*holds results of version unknown, and this is 765432;*'
run 'VERSIONS=any same run "A = 1" "B =" && versions run'
stdout exactly 'unknown 765432'
# "-dirty" does not tell of which changes.
fake 765432-dirty
touch fake/train
run 'same dirty "A = 1" && same dirty "A = 1"'
status 0 'the same changes'
run 'versions dirty'
stdout like '765432-dirty-[0-9]*'
echo more >>fake/train
run 'same dirty "A = 1"'
status 1 'others'
stderr like '*version 765432-dirty-*, and this is 765432-dirty-*'

# ---- JSON ----
run '"$pipelines/claims" --json P3-2 P3-1 | python3 -c "import json, sys; c = json.load(sys.stdin); print([x[\"claim\"] for x in c], c[0][\"verdict\"], c[0][\"rule\"][\"code\"])"'
stdout exactly "['P3-2', 'P3-1'] not run T(0)"
done_testing
