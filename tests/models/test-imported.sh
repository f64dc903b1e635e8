#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Graphs from files: what a network said before it was exported it says when it is imported; imported ones are asked with
# arrays, trained further in the parts that are named, and exported again. The nine light models of ONNX give the outputs
# that come with them.
set -u
judge() { if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: expected '$2', found '$3'"; fi; }
data='data={loader: glyphs, train: 200, test: 100}'

cat >net.yaml <<END
model:
  family: net
  layers:
    - Conv: {name: c, filters: 4, kernel: 5, stride: 2}
    - BatchNormalization: {name: b}
    - Relu
    - Flatten: {name: features}
    - Dense: {name: o, units: 10}
data: {loader: glyphs, train: 200, test: 100}
train: {epochs: 1, batch: 20, optimizer: {name: adam}}
END
"$NNRUN" -q train net.yaml >run && "$NNRUN" -q export "$(cat run)" -o net.onnx >out || { echo "not ok an export"; exit 1; }
"$NNRUN" -q import net.onnx plain >out 2>err
judge "import says what it found" 0 $?
grep -q '^operators.*Conv 1' out && grep -q '^inputs  *x u8\[' out && echo "ok inputs and operators are listed" ||
    echo "not ok inputs and operators are listed: $(cat out)"
"$NNRUN" -q import net.onnx mine "$data" >out 2>err
judge "what was exported evaluates as before" "$("$NNRUN" eval "$(cat run)")" "$("$NNRUN" eval mine)"

# ---- training ----

"$NNRUN" -q train mine/config.yaml train.epochs=1 train.batch=20 >tuned
judge "its weights train" 1 "$(awk -v b="$("$NNRUN" eval mine | awk '/loss/ { print $2 }')" \
    -v a="$("$NNRUN" eval "$(cat tuned)" | awk '/loss/ { print $2 }')" 'BEGIN { print a < b }')"
cp -r "$(cat tuned)" half
"$NNRUN" -q resume half train.epochs=2 >out
"$NNRUN" -q train mine/config.yaml train.epochs=2 train.batch=20 >twice
judge "a resumed one ends as one that was not stopped" "$("$NNRUN" eval "$(cat twice)")" "$("$NNRUN" eval half)"
"$NNRUN" -q export "$(cat tuned)" -o again.onnx >out && "$NNRUN" -q import again.onnx again "$data" >out
judge "and is exported and imported again" "$("$NNRUN" eval "$(cat tuned)")" "$("$NNRUN" eval again)"

# column FILE NAME: the numbers of one array
column() { "$NNRUN" convert "$1" one.csv --only "$2" && grep -v '^#' one.csv; }
names=$("$NNRUN" convert "$(cat tuned)/weights/last.safetensors" | grep -v slot. | sed 's/^[^ ]* //')
"$NNRUN" -q train mine/config.yaml train.epochs=1 train.batch=20 model.head=true 'model.train=[]' >headed
"$NNRUN" -q train mine/config.yaml train.epochs=0 >still
wrong=
for name in $names; do
    column "$(cat headed)/weights/last.safetensors" "$name" >a
    column "$(cat still)/weights/last.safetensors" "$name" >b
    cmp -s a b || wrong="$wrong $name"
done
judge "only the head trains" "" "$wrong"
judge "a head has an output for each class" "f32[10]" \
    "$("$NNRUN" convert "$(cat headed)/weights/last.safetensors" --only head.bias | cut -d' ' -f1)"
judge "what does not train has no slots" "" \
    "$("$NNRUN" convert "$(cat headed)/weights/last.safetensors" | grep slot. | grep -v head)"
"$NNRUN" -q train mine/config.yaml train.epochs=1 train.batch=20 'model.train=["*", "!*bias*"]' >unbiased
judge "patterns leave weights out" "" \
    "$("$NNRUN" convert "$(cat unbiased)/weights/last.safetensors" | grep slot. | grep bias)"
"$NNRUN" -q train net.yaml train.epochs=0 >zero 2>err
"$NNRUN" convert "$(cat run)/weights/last.safetensors" w.npz
"$NNRUN" -q train net.yaml train.epochs=0 train.weights=w.npz >start
judge "train.weights begins with the weights of a file" "$("$NNRUN" eval "$(cat run)")" "$("$NNRUN" eval "$(cat start)")"
judge "predict takes weights from a file" "$("$NNRUN" eval "$(cat run)")" "$("$NNRUN" eval "$(cat zero)" --weights w.npz)"

# ---- arrays ----

awk 'BEGIN { for (i = 0; i < 3; i++) for (k = 0; k < 784; k++) printf "%d%s", (i * 97 + k * 31) % 256, k < 783 ? "," : "\n" }' >x.csv
"$NNRUN" predict plain --from x.csv --to y.csv && "$NNRUN" predict plain --from x=x.csv --batch 2 --to z.csv
judge "rows in batches are the rows in one call" "$(cat y.csv)" "$(cat z.csv)"
judge "both outputs are written" "f32[3,10] logits f32[3,10] prediction" "$("$NNRUN" convert y.csv | xargs)"
"$NNRUN" predict plain --from x.csv --to one.npy --output prediction
judge "a file of one array gets the one that is asked for" "$("$NNRUN" convert y.csv p.csv --only prediction; sed 1d p.csv)" \
    "$("$NNRUN" convert one.npy p.csv; sed 1d p.csv)"
"$NNRUN" predict mine --to all.npz
judge "the data's samples go into a file too" "f32[100,10] logits f32[100,10] prediction" "$("$NNRUN" convert all.npz | xargs)"
judge "infer is the graph as the file has it" "$(sed 1d y.csv | head -n 3)" \
    "$("$NNRUN" predict mine --function infer --from x.csv --to y.csv && sed 1d y.csv | head -n 3)"

# ---- the light models ----

light=$TEST_DATA/onnx_light
[ -d "$light" ] || { echo "skip light models $light is not there"; exit 0; }
awk 'BEGIN { n = 150528; print "# f32 [1,3,224,224] arange"
    for (i = 0; i < n; i++) printf "%.9g%s", i / n, (i + 1) % 224 ? "," : "\n" }' >x.csv
"$NNRUN" convert x.csv x.npy
for model in "$light"/*.onnx; do
    name=$(basename "$model" .onnx)
    rm -rf light
    if "$NNRUN" -q import "$model" light >out 2>err && "$NNRUN" -q predict light --from x.npy --to y.csv 2>err; then
        # A TensorProto: its dims as pairs of a tag (8) and a number of one or two bytes, and its elements at the end.
        shape=$(head -c 12 "${model%.onnx}_output_0.pb" | od -An -v -tu1 | awk '{ for (i = 1; $i == 8; i += 2) {
            n = $(i + 1); if (n >= 128) n += 128 * ($(++i + 1) - 1); s = s (s ? "," : "") n } print "[" s "]" }')
        judge "$name: its shape" "$shape" "$(head -n 1 y.csv | cut -d' ' -f3)"
        tail -c 4000 "${model%.onnx}_output_0.pb" | od -An -v -tf4 -w4 >expected
        judge "$name: its values" 1000 "$(sed 1d y.csv | tr , '\n' | paste expected - | awk '
            { d = $1 - $2; if (d < 0) d = -d; if (d <= 1e-7 + 1e-3 * ($1 < 0 ? -$1 : $1)) n++ } END { print n }')"
    else
        echo "not ok $name: $(cat err)"
    fi
done
