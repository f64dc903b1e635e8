#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The device `opencl`: it is listed and chosen by number or name, its absence is a sentence and stops nothing else, built
# programs are stored and a damaged one is built anew.
set -u
config=$SRCDIR/examples/glyphs-linear.yaml

if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl'; then
    echo "skip opencl the device opencl is not built"
    exit 0
fi

# NAME PATTERN COMMAND...: the command fails with a sentence in which the pattern is.
refuses() {
    name=$1 pattern=$2
    shift 2
    if "$@" > out 2> err; then
        echo "not ok $name: it succeeded"
    elif [ $? -gt 100 ] || ! grep -q "$pattern" err; then
        echo "not ok $name: $(tail -n 1 err)"
    else
        echo "ok $name"
    fi
}

# No platform: listed with the reason, refused when asked for by name, no matter when it is not.
mkdir -p none
export OCL_ICD_VENDORS="$PWD/none"
if "$NNRUN" devices | grep '^opencl' | grep -q 'there is no OpenCL platform'; then
    echo "ok no platform: the list says so"
else
    echo "not ok no platform: $("$NNRUN" devices | grep '^opencl')"
fi
refuses "no platform: asked for" 'there is no OpenCL platform' "$NNRUN" train "$config" device=opencl train.max_steps=1
if "$NNRUN" train "$config" name=none device=auto train.max_steps=1 > out 2>&1; then
    echo "ok no platform: auto goes on"
else
    echo "not ok no platform: $(tail -n 1 out)"
fi
unset OCL_ICD_VENDORS

refusal() { NN_OPENCL_LIBRARY=/nonexistent/libOpenCL.so "$NNRUN" train "$config" device=opencl train.max_steps=1; }
refuses "no loader" 'the OpenCL loader is not installed' refusal

if ! "$NNRUN" devices | grep -q '^opencl:0'; then
    echo "skip opencl no OpenCL platform is installed"
    exit 0
fi

refuses "a name that no device has" 'no OpenCL device is called "fluxcapacitor"' \
    "$NNRUN" train "$config" device=opencl:fluxcapacitor train.max_steps=1
refuses "a number too large" 'expected a number below' "$NNRUN" train "$config" device=opencl:77 train.max_steps=1

# 20 steps on each device: the first loss and the last.
losses() {
    name=$1
    shift
    "$NNRUN" train "$config" name="$name" seed=1 train.max_steps=20 train.log_every_steps=1 train.evaluate=none "$@" \
        > out 2> err || { echo "not ok $name: $(tail -n 1 err)"; return 1; }
    sed -n 's/^{"step": \([0-9]*\),.*"loss": \([-0-9.e]*\).*/\1 \2/p' "runs/train/$name/metrics.jsonl" > "$name.losses"
}
same() {
    if paste cpu.losses "$1.losses" | awk '{ d = $2 - $4; if (d < 0) d = -d; if ($1 != $3 || d > worst) worst = d }
        END { exit !(NR == 20 && worst <= 1e-4) }'; then
        echo "ok $2"
    else
        echo "not ok $2: the losses differ from the CPU's"
    fi
}
losses cpu device=auto || exit 0
platform=$("$NNRUN" devices | sed -n 's/^opencl:0.*\([Pp]o[Cc][Ll]\).*/\1/p')
export XDG_CACHE_HOME="$PWD/cache"
losses named device="opencl:${platform:-0}" && same named "trains like the CPU, chosen by name"

stored=$(find cache/nnrun/opencl -type f | wc -l)
if [ "$stored" -gt 0 ]; then
    echo "ok $stored programs are stored"
else
    echo "not ok no program was stored"
fi

# Truncated, empty, another's, and one bit wrong: each is replaced.
find cache/nnrun/opencl -type f | sort > files
n=0
first=$(head -n 1 files)
while read -r file; do
    n=$((n + 1))
    case $((n % 4)) in
    0) : > "$file" ;;
    1) dd if="$file" of=half bs=1 count=300 2>/dev/null && cp half "$file" ;;
    2) cp "$first" "$file" ;;
    3) printf 'x' | dd of="$file" bs=1 seek=900 conv=notrunc 2>/dev/null ;;
    esac
done < files
losses damaged device=opencl:0 && same damaged "damaged programs are built anew"
if [ "$(find cache/nnrun/opencl -type f | sort | xargs wc -c | awk '$1 < 1000' | wc -l)" -eq 0 ]; then
    echo "ok damaged programs were replaced"
else
    echo "not ok a damaged program stayed"
fi
chmod 500 cache/nnrun/opencl && losses readonly device=opencl:0 && same readonly "a cache that cannot be written stops nothing"
chmod 700 cache/nnrun/opencl
