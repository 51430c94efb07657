#!/bin/bash
# Completion, asked as the shells ask for it.
. "${0%/*}/tap.sh"

for program in "$BIN"/*; do
    [ -f "$ROOT/tools/${program##*/}.c" ] || continue
    programs+=("$program")
    names+=("${program##*/}")
done
touch plain 'with blank'

# ---- bash ----
for program in "${programs[@]}"; do "$program" --help=bash; done >completion
. ./completion

offers() { # wanted, words, the last of them the one to be completed; one offer a line, sorted
    local wanted=$1 found
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    "$(complete -p "$1" | sed 's/.* -F \([^ ]*\) .*/\1/')"
    found=$(printf '%s\n' "${COMPREPLY[@]}" | sort)
    [ "$found" = "$wanted" ]
    tap_result $? "bash: $*|" || printf '%s\n' "wanted: $wanted" "found: $found" | sed 's/^/#   /'
}

offers $'--random' pick --ra
offers $'--mastery\n--max-memory\n--max-tensor' mine --ma
offers $'reference\nsmall' train-encoder --profile ''
offers small train-encoder --profile s
offers small train-encoder --profile = s
offers $'reference\nsmall' train-encoder --profile =
offers '' pick --random ''
offers 'with blank' pick --ids w
offers 'with blank' pick w
offers 'with blank' train -o w
offers fashion-mnist load fa
offers plain load idx pl
offers "$(for name in "${names[@]}"; do [[ $name != p* ]] || echo "$name"; done)" winnow p
offers small winnow train-encoder --profile s
offers '--scores' evaluate --sc
offers 'with blank' winnow peek w
for name in "${names[@]}"; do
    offers --version "$name" --vers
    [ "$name" = winnow ] || offers --version winnow "$name" --vers
done
# every option that --help tells of is offered
for name in "${names[@]}"; do
    COMP_WORDS=("$name" -) COMP_CWORD=1 COMPREPLY=()
    "_winnow_${name//-/_}"
    options=$("$name" --help=man | sed -n 's/^\.It .*Fl \\-\([^ ]*\).*/--\1/p' | sed 's/\\-/-/g')
    ok "bash: $name offers all its options" [ "$(printf '%s\n' "${COMPREPLY[@]}")" = "$options" ]
done

# ---- zsh ----
if ! command -v zsh >/dev/null; then
    skip 'no zsh'
    done_testing
fi
mkdir zsh
{
    echo "#compdef ${names[*]}"
    for program in "${programs[@]}"; do "$program" --help=zsh; done
    echo '"_winnow_${service//-/_}" "$@"'
} >zsh/_winnow
ok 'zsh: it parses' zsh -n zsh/_winnow

# An interactive shell on a terminal of its own; what its completion adds is printed between marks.
cat >ask <<'ZSH'
zmodload zsh/zpty
zpty shell zsh -f -i
say() { zpty -w shell "$1"; }
say 'PS1= PS2= RPS1= ; unsetopt zle_bracketed_paste 2>/dev/null; bindkey -e; stty -echo'
say 'fpath=($PWD/zsh $fpath); autoload -Uz compinit && compinit -u -D'
say 'compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    local -a found
    builtin compadd -A found "$@"
    print -rl -- $found >>offered
    builtin compadd "$@"
}'
say 'finish() { print -r -- "end"":asked"; zle kill-whole-line }; zle -N finish; bindkey "^X^F" finish'
say 'bindkey "^I" list-choices; LISTMAX=10000; print read""y'
zpty -r shell seen '*ready*' || exit 1
for line; do
    : >offered
    zpty -w -n shell "$line"$'\t\C-x\C-f'
    zpty -r shell seen '*end:asked*' || exit 1
    print -r -- "$line|" ${(ou)${(f)"$(<offered)"}}
done
zpty -d shell
ZSH
asked=('pick --ra' 'train-encoder --profile s' 'train-encoder --profile=s' 'load fa' 'winnow enc'
    'winnow train-encoder --profile=s' 'winnow nothing pl' 'mine --ban ' 'pick --ids pl')
run 'timeout 30 zsh -f ask "${asked[@]}"'
status 0
stdout exactly 'pick --ra| --random
train-encoder --profile s| small
train-encoder --profile=s| small
load fa| fashion-mnist
winnow enc| encode-latent
winnow train-encoder --profile=s| small
winnow nothing pl| plain
mine --ban | none subset
pick --ids pl| plain'

done_testing
