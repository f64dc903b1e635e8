#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `tune` of the device `opencl`: what is measured is stored, found again without it, measured anew where the file is not whole,
# and changes no bit of what is trained.
set -u
config=$SRCDIR/examples/glyphs-linear.yaml
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip tune no OpenCL device here"
    exit 0
fi
export XDG_CACHE_HOME="$PWD/cache" POCL_CACHE_DIR="$PWD/pocl"

# NAME KEY=VALUE...: trains; what was measured is in NAME.log, the weights without the record before them in NAME.weights.
train() {
    name=$1
    shift
    if ! "$NNRUN" -v train "$config" name="$name" device=opencl train.max_steps=10 train.evaluate=none "$@" > "$name.log" 2>&1; then
        echo "not ok $name: $(tail -n 1 "$name.log")"
        return 1
    fi
    weights=runs/train/$name/weights/last.safetensors
    tail -c +$(($(od -An -t u8 -N 8 "$weights") + 9)) "$weights" > "$name.weights"
}
choice() { grep -la 'choice$' cache/nnrun/opencl/* 2>/dev/null; }
measured() { grep -q 'products by .* is chosen$' "$1.log"; }
check() {
    name=$1
    shift
    if "$@"; then
        echo "ok $name"
    else
        echo "not ok $name"
    fi
}
same() { cmp -s plain.weights "$1.weights" && [ -s plain.weights ]; }

train plain || exit 1
check "nothing is measured unasked" test -z "$(choice)"
train tuned device.tune=true || exit 1
check "the tiles of products are measured" measured tuned
check "no candidate gave other bits" sh -c "! grep -q 'products by .* no,' tuned.log"
check "the choice is stored" test -n "$(choice)"
check "the same weights" same tuned

file=$(choice)
cp "$file" whole
train again device.tune=true && check "a stored choice is not measured again" sh -c "! grep -q 'is chosen' again.log && cmp -s whole '$file'"
check "the same weights again" same again

# Cut off, another's, a number that is none, and no place to store it.
head -c 60 whole > "$file"
train truncated && check "a truncated choice is left alone without tune" same truncated
train anew device.tune=true && check "and measured anew with it" measured anew
check "and replaced" test "$(wc -c < "$file")" -eq "$(wc -c < whole)"
other=$(find cache/nnrun/opencl -type f ! -path "$file" | head -n 1)
cp "$other" "$file"
train foreign && check "another's file is left alone" same foreign
head -c "$(($(wc -c < whole) - 1))" whole > "$file" && printf '\377' >> "$file"
train damaged && check "a damaged choice is left alone" same damaged
mkdir homeless && : > homeless/nnrun && export XDG_CACHE_HOME="$PWD/homeless"
train homeless device.tune=true && check "no place for it" same homeless
