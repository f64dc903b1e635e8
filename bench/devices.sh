#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The device opencl beside the CPU on the same cores, as the tables of doc/performance.md: what a call of the platform costs,
# single operators, and whole steps in turns, medians of ROUNDS rounds. SECS is how long each is measured.
set -u
SECS=${SECS:-0.5}
ROUNDS=${ROUNDS:-3}
if ! "$NNRUN" devices | grep -q '^opencl:0'; then
    echo "no OpenCL device here"
    exit 0
fi
"$NNRUN" devices | grep -E '^(opencl|cpu):0'
"$BUILDDIR/bench/devices" opencl cpu "$SECS" || exit 1

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out" || exit 1
for _ in $(seq "$ROUNDS"); do
    for workload in mlp lenet5 lstm; do
        for device in opencl cpu; do
            "$BUILDDIR/bench/networks" "$workload" "$SECS" "$device" | awk -v d="$device" '{print d, $1, $3}' >> times.txt || exit 1
        done
    done
done
median() { awk -v d="$1" -v c="$2" '$1 == d && $2 == c {print $3}' times.txt | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
printf '\n| network | opencl, ms | cpu, ms | times slower |\n| --- | ---: | ---: | ---: |\n'
awk '$1 == "cpu" && !seen[$2]++ {print $2}' times.txt | while read -r name; do
    awk -v n="$name" -v a="$(median opencl "$name")" -v b="$(median cpu "$name")" \
        'BEGIN {printf "| %s | %.3g | %.3g | %.2f |\n", n, a, b, (b > 0 ? a / b : 0)}'
done
