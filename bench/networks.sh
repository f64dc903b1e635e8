#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Our MLP and LeNet-5 beside PyTorch's, in turns, so that both see the same machine: medians of ROUNDS rounds of SECS seconds each.
# The peer is the faster of what ../shared/bench finds; its tuned setting is used. Without it, ours alone is printed.
set -u
ROUNDS=${ROUNDS:-5}
SECS=${SECS:-2}
peer=${PEER_BENCH:-$SRCDIR/../shared/bench}
python=${PYTHON:-/usr/bin/python3}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out" || exit 1

has_peer=false
if [ -r "$peer/env_tuned.sh" ] && "$python" -c 'import torch' 2>/dev/null; then
    has_peer=true
else
    echo "PyTorch or $peer is absent: no peer to compare with"
fi
for round in $(seq "$ROUNDS"); do
    for w in mlp lenet5; do
        "$BUILDDIR/bench/networks" "$w" "$SECS" >>ours || exit 1
    done
    if $has_peer; then
        (
            # shellcheck disable=SC1091
            . "$peer/env_tuned.sh"
            SECS=$SECS W="a_mlp b_lenet" PYTHON=$python "$peer/run_torch.sh"
        ) >>theirs 2>/dev/null
    fi
done

# column 1: case, then its medians over the rounds
medians() { awk -v c="$1" '$1 == c {print $2}' "$2" | sort -n | awk '{v[NR] = $1} END {if (NR) print v[int((NR + 1) / 2)]}'; }
awk '{print $1, $3}' ours >ours.txt
touch theirs
sed -nE 's/^a mlp .*train +median +([0-9.]+).*/mlp.step \1/p; s/^a mlp b128 infer +median +([0-9.]+).*/mlp.infer128 \1/p; s/^a mlp b1 infer +median +([0-9.]+).*/mlp.infer1 \1/p;
  s/^b lenet5 .*train +median +([0-9.]+).*/lenet5.step \1/p; s/^b lenet5 b64 infer +median +([0-9.]+).*/lenet5.infer64 \1/p; s/^b lenet5 b1 infer +median +([0-9.]+).*/lenet5.infer1 \1/p' theirs >theirs.txt
printf '%-18s %12s %14s %8s   %s\n' case "nnrun, ms" "PyTorch, ms" ratio "our last round"
for c in mlp.step mlp.infer128 mlp.infer1 lenet5.step lenet5.infer64 lenet5.infer1; do
    a=$(medians "$c" ours.txt)
    b=$(medians "$c" theirs.txt)
    r=$(awk -v a="${a:-0}" -v b="${b:-0}" 'BEGIN {if (a > 0 && b > 0) printf "%.2f", b / a; else printf "-"}')
    printf '%-18s %12s %14s %8s   %s\n' "$c" "${a:--}" "${b:--}" "$r" "$(grep "^$c " ours | tail -n 1 | sed 's/.* n [0-9]* //')"
done
echo "ratio: PyTorch's time over ours, so more than 1 is faster than PyTorch"
