#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is wrong in an input, row by row, as a person meets it: through the program. Each row expects one sentence on
# stderr with the place, what was expected and what was found; exit code 2 with nothing left behind and nothing
# changed, or 1 where it happens in the middle of a training, which keeps its last checkpoint.
set -u
mkdir case && cd case || exit 1
# Whatever the program might write, it would write in here.
mkdir tmp
export TMPDIR="$PWD/tmp" HOME="$PWD" XDG_CACHE_HOME="$PWD" XDG_STATE_HOME="$PWD" XDG_DATA_HOME="$PWD/none"
export SOURCE_DATE_EPOCH=0
nl='
'

contents() {
    find . -type d | LC_ALL=C sort
    find . -type f -exec cksum {} + | LC_ALL=C sort
}

# judge NAME CODE FOUND TEXT: the exit code, one line on stderr, which holds each part of TEXT (parts stand between |)
judge() {
    wrong=
    [ "$3" -eq "$2" ] || wrong="ended with $3 instead of $2"
    [ "$(wc -l <../err)" -eq 1 ] || wrong="$wrong; $(wc -l <../err) lines on stderr instead of 1"
    rest=$4
    while [ -n "$rest" ]; do
        part=${rest%%|*}
        grep -qF -- "$part" ../err || wrong="$wrong; no \"$part\""
        case $rest in
        *'|'*) rest=${rest#*|} ;;
        *) rest= ;;
        esac
    done
}

# refuse NAME TEXT COMMAND...
refuse() {
    name=$1 text=$2
    shift 2
    contents >../before
    "$@" >../out 2>../err
    judge "$name" 2 $? "$text"
    contents >../after
    cmp -s ../before ../after || wrong="$wrong; left behind: $(diff ../before ../after)"
    [ -s ../out ] && wrong="$wrong; on stdout: $(cat ../out)"
    if [ -z "$wrong" ]; then
        echo "ok $name"
    else
        echo "not ok $name: ${wrong#; }; stderr: $(cat ../err)"
    fi
}

# layers FILE LAYER...: a net on drawn digits whose list has these items, from line 4 on
layers() {
    file=$1
    shift
    {
        printf 'model:\n  family: net\n  layers:\n'
        printf '    - %s\n' "$@"
        printf 'data: {loader: glyphs, train: 60, test: 20}\n'
        printf 'train: {epochs: 1, batch: 20, optimizer: {name: sgd, rate: 0.1}}\n'
    } >"$file"
}

layers good.yaml Flatten 'Dense: {name: output, units: 10}'
"$NNRUN" -q train good.yaml >../folder 2>../err || echo "not ok the good one trains: $(cat ../err)"
run=$(cat ../folder)
last=$run/weights/last.safetensors

# ---- the YAML file ----

refuse "missing file" 'nosuch.yaml: No such file' "$NNRUN" train nosuch.yaml
refuse "a folder instead of a file" 'tmp|directory' "$NNRUN" train tmp
# yaml NAME TEXT CONTENTS
yaml() {
    printf '%s' "$3" >row.yaml
    refuse "$1" "$2" "$NNRUN" train row.yaml
}
yaml "malformed YAML: brackets" 'row.yaml:2:5' "model: {family: mlp${nl}data: x${nl}"
yaml "malformed YAML: tabs" 'row.yaml:2:1' "model:${nl}	family: mlp${nl}"
yaml "malformed YAML: indents" 'row.yaml:3:' "model:${nl}  family: mlp${nl} hidden: [8]${nl}"
yaml "malformed YAML: a key twice" 'row.yaml:2:1|model' "model: {family: mlp}${nl}model: {family: net}${nl}"
yaml "malformed YAML: an unknown anchor" 'row.yaml:1:8' "model: *nowhere${nl}"
yaml "malformed YAML: not UTF-8" 'row.yaml' "$(printf 'model: \377\376')"
yaml "an empty file" 'row.yaml:1:1' ""
yaml "a list instead of a map" 'row.yaml:1:1' "- model${nl}"
head='{family: mlp, hidden: [8]}'
yaml "unknown key" 'row.yaml:2:1|modle|did you mean' "data: {loader: glyphs}${nl}modle: $head${nl}"
yaml "unknown key of a family" 'row.yaml:1:22|hiden|did you mean|hidden' "model: {family: mlp, hiden: [8]}${nl}data: {loader: glyphs}${nl}"
yaml "unknown key of a loader" 'row.yaml:2:24|trian|did you mean|train' "model: $head${nl}data: {loader: glyphs, trian: 9}${nl}"
yaml "unknown key of an optimizer" 'row.yaml:3:33|raet|did you mean|rate' \
    "model: $head${nl}data: {loader: glyphs}${nl}train: {optimizer: {name: adam, raet: 1}}${nl}"
yaml "unknown family" 'row.yaml:1:17|did you mean|mlp' "model: {family: nlp}${nl}data: {loader: glyphs}${nl}"
yaml "unknown loader" 'row.yaml:2:16|did you mean|glyphs' "model: $head${nl}data: {loader: glyps}${nl}"
yaml "unknown optimizer" 'row.yaml:3:27|did you mean|adam' \
    "model: $head${nl}data: {loader: glyphs}${nl}train: {optimizer: {name: adma}}${nl}"
yaml "wrong type: a text for a number" 'row.yaml:3:17|epochs|"many"' \
    "model: $head${nl}data: {loader: glyphs}${nl}train: {epochs: many}${nl}"
yaml "wrong type: a fraction for a whole number" 'row.yaml:3:16|batch|2.5' \
    "model: $head${nl}data: {loader: glyphs}${nl}train: {batch: 2.5}${nl}"
yaml "wrong type: a list for a map" 'row.yaml:3:8|train' "model: $head${nl}data: {loader: glyphs}${nl}train: [1]${nl}"
yaml "out of range" 'row.yaml:3:16|batch|0' "model: $head${nl}data: {loader: glyphs}${nl}train: {batch: 0}${nl}"
yaml "out of range: not one of the choices" 'row.yaml:1:28|init|he_uniform' \
    "model: {family: net, init: bigger, layers: [Flatten]}${nl}data: {loader: glyphs}${nl}"
yaml "out of range: beyond 64 bits" 'row.yaml:3:17' \
    "model: $head${nl}data: {loader: glyphs}${nl}train: {epochs: 99999999999999999999}${nl}"
refuse "unknown key on the command line" 'did you mean|optimizer' "$NNRUN" train good.yaml train.optimzer.name=adam
refuse "a value on the command line that is no YAML" 'train.batch' "$NNRUN" train good.yaml 'train.batch=[1'

# ---- data ----

# image FILE COUNT: images of 2 x 2 bytes; label FILE COUNT
image() { { printf "\\000\\000\\010\\003\\000\\000\\000\\00$2\\000\\000\\000\\002\\000\\000\\000\\002"; printf '%0*d' $(($2 * 4)) 0; } >"$1"; }
label() { { printf "\\000\\000\\010\\001\\000\\000\\000\\00$2"; printf '%0*d' "$2" 0 | tr 0 '\001'; } >"$1"; }
four() {
    rm -rf idx
    mkdir idx
    image idx/train-images-idx3-ubyte 4
    label idx/train-labels-idx1-ubyte 4
    image idx/t10k-images-idx3-ubyte 2
    label idx/t10k-labels-idx1-ubyte 2
}
cat >idx.yaml <<END
model: {family: mlp, hidden: [2]}
data: {loader: idx, path: idx}
train: {epochs: 1, batch: 2, optimizer: {name: sgd}}
END
images=idx/train-images-idx3-ubyte
four
"$NNRUN" -q train idx.yaml name=idx >../folder 2>../err || echo "not ok the good idx files train: $(cat ../err)"
rm -r idx
refuse "missing idx files" 'idx.yaml:2:27|train-images-idx3-ubyte' "$NNRUN" train idx.yaml
four
head -c 30 $images >short && mv short $images
refuse "truncated idx" "$images: offset 30: cut short|promises 16|14 follow" "$NNRUN" train idx.yaml
head -c 7 $images >short && mv short $images
refuse "idx truncated in its header" "$images: offset 7: cut short" "$NNRUN" train idx.yaml
four
echo more >>$images
refuse "oversized idx" "$images: offset 32: more bytes than the 16" "$NNRUN" train idx.yaml
printf 'PNG, or so' >$images
refuse "wrong-magic idx" "$images: offset 0: not an idx file|0x504e472c|0x0000080N" "$NNRUN" train idx.yaml
four
label idx/train-labels-idx1-ubyte 3
refuse "idx: fewer labels than images" "train-labels-idx1-ubyte: offset 4: 3 labels for the 4 images" "$NNRUN" train idx.yaml
four
printf '\000\000\010\003\000\000\000\002\000\000\000\001\000\000\000\00112' >idx/t10k-images-idx3-ubyte
refuse "idx: images of two shapes" "t10k-images-idx3-ubyte: offset 4|another shape" "$NNRUN" train idx.yaml

four
gzip -n $images
head -c 25 $images.gz >short && mv short $images.gz
refuse "truncated gzip" "$images.gz: offset" "$NNRUN" train idx.yaml
four
printf more >>$images
gzip -n $images
refuse "oversized gzip" "$images.gz: offset 32: more bytes than the 16" "$NNRUN" train idx.yaml
four
gzip -n $images
printf '\037\214' | dd of=$images.gz bs=1 conv=notrunc 2>/dev/null
refuse "wrong-magic gzip" "$images.gz: offset 0: not an idx file" "$NNRUN" train idx.yaml
four
gzip -n $images
printf '\125\125' | dd of=$images.gz bs=1 seek=20 conv=notrunc 2>/dev/null
refuse "damaged gzip" "$images.gz: offset" "$NNRUN" train idx.yaml
rm -r idx

cat >csv.yaml <<END
model: {family: mlp, hidden: [2]}
data: {loader: csv, path: t.csv}
train: {epochs: 1, batch: 2, optimizer: {name: sgd}}
END
refuse "missing csv" 't.csv: No such file' "$NNRUN" train csv.yaml
printf 'a,b,c\n1,2,p\n1,2,3,q\n' >t.csv
refuse "ragged csv: too many cells" 't.csv:3: 4 cells, 3 are expected' "$NNRUN" train csv.yaml
printf 'a,b,c\n1,2,p\n1,q\n' >t.csv
refuse "ragged csv: too few cells" 't.csv:3: 2 cells, 3 are expected' "$NNRUN" train csv.yaml
printf 'a,b,c\n1,2,p\n1,x,q\n' >t.csv
refuse "csv: a text for a number" 't.csv:3: column b: expected a number, found "x"' "$NNRUN" train csv.yaml
rm t.csv

# ---- networks ----

layers row.yaml Flatten 'Dense: {name: output, units: 9}'
refuse "shapes: another number of classes" 'row.yaml:5:|9 numbers|10 classes' "$NNRUN" train row.yaml
layers row.yaml Flatten 'Add: {name: joined, inputs: [x, [1.0, 2.0, 3.0]]}' 'Dense: {units: 10}'
refuse "shapes: operands that do not broadcast" 'row.yaml:5:|joined|Add|28|3' "$NNRUN" train row.yaml
layers row.yaml Flatten 'Dense: {name: wide, units: 49}' 'Reshape: {name: folded, inputs: [wide, [7, 10]]}'
refuse "shapes: a reshape that does not come out" 'row.yaml:6:|folded|Reshape' "$NNRUN" train row.yaml
layers row.yaml Flatten 'Conv: {name: conv1, filters: 4, kernel: 3}'
refuse "shapes: a convolution of a vector" 'row.yaml:5:|conv1|Conv|2 dimensions' "$NNRUN" train row.yaml
layers row.yaml 'Conv: {name: conv1, filters: 4, kernel: 99}'
refuse "shapes: a kernel larger than its input" 'row.yaml:4:|conv1|Conv|99' "$NNRUN" train row.yaml
layers row.yaml 'Gather: {name: odd, inputs: [nowhere, 1]}'
refuse "an input that no layer gives" 'row.yaml:4:|odd|nowhere' "$NNRUN" train row.yaml
layers row.yaml Flatten 'LeakyRelu: {name: leak, alhpa: 0.1}'
refuse "unknown attribute" 'row.yaml:5:|leak|alhpa|did you mean|alpha' "$NNRUN" train row.yaml
layers row.yaml Flatten 'LeakyRelu: {name: leak, alpha: much}'
refuse "an attribute of the wrong type" 'row.yaml:5:|leak|alpha' "$NNRUN" train row.yaml

layers row.yaml Flatten 'HardSwich: {name: gate}' 'Dense: {units: 10}'
refuse "an operator nobody provides" "row.yaml:5:|gate|HardSwich|did you mean|HardSwish" "$NNRUN" train row.yaml
refuse "an absent device" 'device=nowhere|no plug-in provides device' "$NNRUN" train good.yaml device=nowhere
{ cat good.yaml; echo 'device: [nowhere, cpu]'; } >row.yaml
refuse "an absent device in the file" "row.yaml:8:9|no plug-in provides device 'nowhere'" "$NNRUN" train row.yaml
refuse "an absent device, nearly right" 'did you mean|reference' "$NNRUN" train good.yaml device=refrence

# ---- plug-ins ----

fixture=$SRCDIR/tests/core/plugin/fixture.c
# package FOLDER [FLAG...]: an object with FooNorm, and its manifest
package() {
    folder=$1
    shift
    mkdir -p "$folder"
    cc -std=c11 -fPIC -shared -I"$SRCDIR/core" "$@" -o "$folder/foo.so" "$fixture"
    "$NNRUN" -q plugin manifest -o "$folder/manifest.yaml" "$folder" 2>/dev/null
}
# restate FOLDER: makes the digest in a manifest right again, so that only the rest of it lies
restate() {
    digest=$(sha256sum "$1/foo.so" | cut -d' ' -f1)
    sed -i "s/sha256: .*/sha256: \"$digest\"/" "$1/manifest.yaml"
}
layers foo.yaml Flatten 'FooNorm: {name: foo}' 'Dense: {units: 10}'
if command -v cc >/dev/null; then
    package abi
    cc -std=c11 -fPIC -shared -I"$SRCDIR/core" -DOTHER_ABI -o abi/foo.so "$fixture"
    restate abi
    refuse "a plug-in of another ABI" 'foo.yaml:5:|foo|FooNorm|abi/foo.so|ABI 7 to 9|ABI 1 to 1' \
        "$NNRUN" train foo.yaml --plugin-path abi
    package size
    printf '\001' | dd of=size/foo.so bs=1 seek=4 conv=notrunc 2>/dev/null
    restate size
    refuse "a plug-in of another word size" 'foo.yaml:5:|FooNorm|size/foo.so|32-bit|64-bit' \
        "$NNRUN" train foo.yaml --plugin-path size
    package bare
    rm bare/manifest.yaml
    refuse "a plug-in without manifest" 'foo.yaml:5:|FooNorm|bare/foo.so was not opened|manifest' \
        "$NNRUN" -q train foo.yaml --plugin-path bare
    package cut
    head -c 200 cut/manifest.yaml >short && mv short cut/manifest.yaml
    refuse "a plug-in with a manifest cut short" 'foo.yaml:5:|FooNorm|cut/manifest.yaml|not used' \
        "$NNRUN" -q train foo.yaml --plugin-path cut
    package lying
    sed -i 's/since: 1/since: 3/' lying/manifest.yaml
    refuse "a plug-in with a lying manifest" 'foo.yaml:5:|FooNorm|lying/foo.so|since is 3 in the manifest and 1 in the object' \
        "$NNRUN" train foo.yaml --plugin-path lying
    package both/one
    package both/two
    refuse "two providers of one operator" "foo.yaml:5:|FooNorm is provided twice|plug-in one|plug-in two" \
        "$NNRUN" train foo.yaml --plugin-path both
    rm -r abi size bare cut lying both
else
    echo "skip plug-ins there is no C compiler"
fi

# ---- checkpoints ----

size=$(wc -c <"$last")
refuse "a checkpoint of another model" "last.safetensors|output.weight is f32[|in the file, but f32[|in the model" \
    "$NNRUN" eval "$last" 'model.layers=[{MaxPool: {kernel: 2}}, Flatten, {Dense: {name: output, units: 10}}]'
refuse "a checkpoint of another family" 'last.safetensors|variable' \
    "$NNRUN" eval "$last" 'model={family: mlp, hidden: [8]}'
refuse "a checkpoint that is not there" 'nosuch.safetensors' "$NNRUN" resume nosuch.safetensors
for cut in 0 5 200 $((size - 1)); do
    head -c "$cut" "$last" >cut.safetensors
    refuse "a checkpoint cut to $cut bytes" 'cut.safetensors: offset' "$NNRUN" eval cut.safetensors
done
{ cat "$last"; echo more; } >cut.safetensors
refuse "an oversized checkpoint" 'cut.safetensors: offset|5 bytes behind the last tensor' "$NNRUN" eval cut.safetensors
printf 'PNG, or something as long as that' >cut.safetensors
refuse "a checkpoint of the wrong magic" 'cut.safetensors: offset 0: not safetensors' "$NNRUN" eval cut.safetensors
cp "$last" cut.safetensors
printf 'XXXX' | dd of=cut.safetensors bs=1 seek=$((size - 40)) conv=notrunc 2>/dev/null
refuse "a checkpoint with a bad digest" 'cut.safetensors|SHA-256 is|the record says' "$NNRUN" eval cut.safetensors
cp -r "$run" damaged
cp cut.safetensors damaged/weights/last.safetensors
refuse "resuming from a bad digest" 'last.safetensors|SHA-256' "$NNRUN" resume damaged
rm -r cut.safetensors damaged

# ---- formats ----

yaml "a format that holds no checkpoint" 'row.yaml:3:17|the format csv cannot hold a checkpoint' \
    "model: $head${nl}data: {loader: glyphs}${nl}train: {format: csv}${nl}"
refuse "an unknown format" 'train.format=npx|did you mean|npy' "$NNRUN" train good.yaml train.format=npx
refuse "a file of arrays that is not there" 'nosuch.npz|No such file' "$NNRUN" convert nosuch.npz
refuse "a file of arrays of an unknown kind" 'good.yaml|no format of arrays is known|".yaml"|.npz' "$NNRUN" convert good.yaml
printf 'PK\003\004 or something as long as that' >cut.npz
refuse "npz of the wrong magic" 'cut.npz: offset 11: not npz, or cut short' "$NNRUN" convert cut.npz
printf '1,2\n3,x\n' >cut.csv
refuse "arrays as text: no number" 'cut.csv: offset 6, line 2: expected a number of type f64, found "x"' "$NNRUN" convert cut.csv
refuse "many arrays for a file of one" 'cannot write|npy holds one array|npz holds several' "$NNRUN" convert "$last" a.npy
refuse "no array of that name" 'has no array of that name' "$NNRUN" convert "$last" a.npz --only 'nosuch*'
rm cut.npz cut.csv

# ---- imported graphs ----

"$NNRUN" -q export "$run" -o net.onnx >../out 2>../err || echo "not ok the good one is exported: $(cat ../err)"
refuse "import: a missing file" 'nosuch.onnx: No such file' "$NNRUN" import nosuch.onnx
refuse "import: a file of another kind" 'good.yaml|no format of graphs is known|".yaml"|.onnx' "$NNRUN" import good.yaml
printf 'PNG, or something as long as that' >bad.onnx
refuse "import: not ONNX" 'bad.onnx: offset|not an ONNX model' "$NNRUN" import bad.onnx
head -c 300 net.onnx >bad.onnx
refuse "import: cut short" 'bad.onnx: offset' "$NNRUN" import bad.onnx
refuse "import: a folder that is there" 'tmp2 is there already' sh -c 'mkdir tmp2; : >tmp2/x; "$0" import net.onnx tmp2; c=$?; rm -r tmp2; exit $c' "$NNRUN"
refuse "import: an input that the graph has not" 'model.inputs.image=x|the graph has no input "image"' \
    "$NNRUN" import net.onnx new model.inputs.image=x
glyphs='data={loader: glyphs, train: 60, test: 20}'
refuse "import: a field that the data has not" 'input x of the graph: the data has no field "z"' \
    "$NNRUN" import net.onnx new model.inputs.x=z "$glyphs"
refuse "import: an output that the graph has not" 'model.output=nosuch|the graph has no value "nosuch"' \
    "$NNRUN" import net.onnx new model.output=nosuch
printf '0,0,0\n0,0,1\n1,1,0\n1,1,1\n1,0,1\n' >t.csv
refuse "import: samples of another shape" 'input x of the graph|[?,1,28,28]|field x is f32[2]' \
    "$NNRUN" import net.onnx new 'data={loader: csv, path: t.csv}'
refuse "import: an unknown setting" 'model.hed|did you mean|head' "$NNRUN" import net.onnx new model.hed=true
refuse "import: an option of an input that is none" 'scael|did you mean|scale' \
    "$NNRUN" import net.onnx new 'model.inputs={x: {scael: 2}}' "$glyphs"
cat >row.yaml <<END
model: {family: imported, file: net.onnx}
END
refuse "no data to train on" 'row.yaml:1:1|no section `data`|nothing to train on' "$NNRUN" train row.yaml
refuse "no data to evaluate on" 'row.yaml:1:1|no section `data`|nothing to evaluate on' "$NNRUN" eval row.yaml
refuse "no data and no arrays" 'no section `data`|--from' "$NNRUN" predict row.yaml
refuse "no data for a family that needs it" 'no `data` with a field named x' "$NNRUN" predict row.yaml 'model={family: mlp, hidden: [8]}'
printf '1,2,3\n' >row.csv
refuse "arrays of another shape" 'row.csv: input x wants u8[?,1,28,28], array arr_0 is f64[1,3]' "$NNRUN" predict row.yaml --from row.csv
awk 'BEGIN { for (i = 0; i < 784; i++) printf "%s%s", i == 9 ? 0.5 : 7, i < 783 ? "," : "\n" }' >row.csv
refuse "arrays of another type" 'row.csv: input x wants u8, and element 9 of array arr_0, f64, is none' "$NNRUN" predict row.yaml --from row.csv
refuse "an input named wrong" 'row.csv: function predict has no input "image"' "$NNRUN" predict row.yaml --from image=row.csv
refuse "weights of another model" 'w.csv|weights' sh -c 'printf "# f32 [1] w\n1\n" >w.csv; "$0" eval "$1" --weights ./w.csv; c=$?; rm w.csv; exit $c' "$NNRUN" "$run"
rm net.onnx bad.onnx t.csv row.csv

# ---- while it runs ----

# during NAME TEXT FOLDER COMMAND...: exit code 1, one sentence, no temporary file, and FOLDER's last checkpoint works
during() {
    name=$1 text=$2 folder=$3
    shift 3
    "$@" >../out 2>../err
    judge "$name" 1 $? "$text"
    left=$(find . -name '*.new' -o -path './tmp/*')
    [ -z "$left" ] || wrong="$wrong; left behind: $left"
    "$NNRUN" -q eval "$folder" >../out 2>../eval.err || wrong="$wrong; its last checkpoint: $(cat ../eval.err)"
    if [ -z "$wrong" ]; then
        echo "ok $name"
    else
        echo "not ok $name: ${wrong#; }; stderr: $(cat ../err)"
    fi
}

"$NNRUN" -q train good.yaml name=full train.max_steps=1 >../folder
before=$(cksum <runs/train/full/weights/last.safetensors)
during "a full disk while saving" 'runs/train/full/|what was there is kept|File too large' runs/train/full \
    sh -c 'ulimit -f 4; exec "$0" -q resume runs/train/full train.max_steps=0' "$NNRUN"
if [ "$before" = "$(cksum <runs/train/full/weights/last.safetensors)" ]; then
    echo "ok the old checkpoint survives a full disk"
else
    echo "not ok the old checkpoint survives a full disk"
fi

# The same with a disk of its own, where the system lets us have one.
mkdir disk
cat >../full.sh <<'END'
mount -t tmpfs -o size=400k none disk 2>/dev/null || exit 99
"$1" -q train good.yaml folder=disk name=full train.max_steps=1 >../out 2>../err || exit 98
before=$(cksum <disk/train/full/weights/last.safetensors)
dd if=/dev/zero of=disk/filler bs=1k 2>/dev/null
"$1" -q resume disk/train/full train.max_steps=0 >../out 2>../err
code=$?
[ "$before" = "$(cksum <disk/train/full/weights/last.safetensors)" ] || exit 97
"$1" -q eval disk/train/full >../out 2>../eval.err || exit 96
[ -z "$(find disk -name '*.new')" ] || exit 95
exit $code
END
if unshare -rm true 2>/dev/null; then
    unshare -rm sh ../full.sh "$NNRUN"
    code=$?
    if [ $code -eq 99 ]; then
        echo "skip a disk that is full no file system can be mounted here"
    else
        judge "a disk that is full" 1 $code 'disk/train/full/|No space left on device'
        [ -z "$wrong" ] && echo "ok a disk that is full" || echo "not ok a disk that is full: $wrong; stderr: $(cat ../err)"
    fi
else
    echo "skip a disk that is full no namespace can be made here"
fi
rmdir disk

refuse "an output that is not there" 'function predict has no output "logit"; it has logits, prediction' \
    "$NNRUN" -q predict runs/train/full --output logit

# ---- exports ----

if [ -e "$BUILDDIR/plugins/formats/onnx.la" ]; then
    full=runs/train/full
    refuse "an export of a function that is not there" 'no function "predct"|train, evaluate, predict' \
        "$NNRUN" -q export $full --function predct
    refuse "an operator set that is too old" 'opset: expected 13 to|found "7"' "$NNRUN" -q export $full --opset 7
    refuse "an operator set of the future" 'opset: expected 13 to|found "99999999999999999999"' \
        "$NNRUN" -q export $full --opset 99999999999999999999
    refuse "an operator set that is no number" 'opset: expected 13 to|found "17.5"' "$NNRUN" -q export $full --opset 17.5
    refuse "an export into a folder that is not there" 'absent/x.onnx cannot be written|No such file' \
        "$NNRUN" -q export $full -o absent/x.onnx
    refuse "an export over a folder" 'runs cannot be written: it is a folder' "$NNRUN" -q export $full -o runs
    refuse "a network in a format for weights" 'the format safetensors does not hold networks' \
        "$NNRUN" -q export $full --format safetensors
    refuse "an export of weights that are not there" 'no weights called "first"' "$NNRUN" -q export $full --weights first
    layers statistics.yaml Flatten 'Dense: {units: 10}' 'BatchNormalization'
    refuse "an export that would change variables" 'function train changes the variable BatchNormalization3.mean' \
        "$NNRUN" -q export statistics.yaml --function train
    layers draws.yaml Flatten Sigmoid 'Bernoulli: {name: coins}' 'Dense: {units: 10}'
    refuse "an export that draws numbers in another way" 'node coins (Bernoulli)|nn/Bernoulli|not an operator of ONNX' \
        "$NNRUN" -q export draws.yaml --opset 13
    layers old.yaml Flatten 'Dense: {units: 10}' 'CumProd: {name: growth, inputs: [previous, 1]}'
    refuse "an export of an operator that is too new" 'node growth (CumProd)|from operator set 26 on|17 was asked for' \
        "$NNRUN" -q export old.yaml
    layers narrow.yaml Flatten 'Cast: {to: 16}' 'Round: {name: whole}' 'Cast: {to: 1}' 'Dense: {units: 10}'
    refuse "an export of a type that is too new" 'node whole (Round)|for bf16 from operator set 22 on|17 was asked for' \
        "$NNRUN" -q export narrow.yaml
fi

layers nan.yaml Flatten 'Dense: {name: hidden, units: 8}' 'Relu' 'Log: {name: logs}' 'Dense: {name: output, units: 10}'
during "a loss that is not a number" 'step 1|not a finite number|logs (Log)' runs/train/nan "$NNRUN" -q train nan.yaml
