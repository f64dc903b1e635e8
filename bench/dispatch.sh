#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Dispatch per node on the CPU, allocations per warm call, and futex calls, which must not grow with the number of nodes.
set -u
program=$BUILDDIR/bench/dispatch
device=${1:-cpu}
[ -x "$program" ] || { echo "skip dispatch: $program is not built"; exit 0; }
for nodes in 1 1000; do
    "$program" "$device" "$nodes" 2000 || exit 1
done
command -v strace >/dev/null || { echo "skip futex: strace is not installed"; exit 0; }
trace=$(mktemp) || exit 1
trap 'rm -f "$trace"' EXIT
for nodes in 100 1000; do
    strace -f -e trace=futex -o "$trace" "$program" "$device" "$nodes" 200 >/dev/null || { echo "skip futex: strace may not trace here"; exit 0; }
    echo "futex calls in 1010 calls of $nodes nodes: $(grep -c futex "$trace")"
done
