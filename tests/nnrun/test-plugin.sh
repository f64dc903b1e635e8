#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Plug-ins that are wrong in every way that we know: one sentence each, exit code 2, and nothing is run that was refused.
set -u
NN_PLUGIN_PATH=
export NN_PLUGIN_PATH XDG_DATA_HOME="$PWD/none"
fixture=$SRCDIR/tests/core/plugin/fixture.c
nl='
'

# build FOLDER/FILE.so [FLAG...]
build() {
    file=$1
    shift
    mkdir -p "$(dirname "$file")"
    cc -std=c11 -fPIC -shared -I"$SRCDIR/core" "$@" -o "$file" "$fixture"
}

# package FOLDER [FLAG...]: an object and its manifest
package() {
    folder=$1
    shift
    build "$folder/foo.so" "$@" && "$NNRUN" -q plugin manifest -o "$folder/manifest.yaml" "$folder"
}

# expect NAME CODE TEXT COMMAND...: the exit code, and a line on either stream that holds TEXT
expect() {
    name=$1 code=$2 text=$3
    shift 3
    "$@" > out 2>&1
    found=$?
    if [ "$found" -eq "$code" ] && grep -qF -- "$text" out; then
        echo "ok $name"
    else
        echo "not ok $name: exit code $found instead of $code, or no '$text' in:"
        cat out
    fi
}

# restate FOLDER: the digest in a manifest written by hand is made right again
restate() {
    digest=$(sha256sum "$1/foo.so" | cut -d' ' -f1)
    sed -i "s/sha256: .*/sha256: \"$digest\"/" "$1/manifest.yaml"
}

package good
expect "a good package is listed" 0 "1.2.3" "$NNRUN" plugin list --plugin-path good
expect "its operator is listed unloaded" 0 "Does nothing, e.g. to X" "$NNRUN" ops --plugin-path good
expect "its operator is shown" 0 "FooNorm, version 1, primitive" "$NNRUN" ops FooNorm --plugin-path good
expect "a folder of packages is found" 0 "FooNorm" "$NNRUN" ops --plugin-path .
expect "a package is found through the environment" 0 "FooNorm" env NNRUN_PLUGIN_PATH="$PWD/good" "$NNRUN" ops FooNorm
expect "info names the export" 0 "nn.operator/1 FooNorm since 1" "$NNRUN" plugin info good --plugin-path good
expect "json" 0 '"name": "FooNorm"' "$NNRUN" ops --json --plugin-path good
expect "an absent operator has its near miss" 2 "no plug-in provides operator 'FooNrom'; did you mean 'FooNorm'?" \
    "$NNRUN" ops FooNrom --plugin-path good
mkdir empty
[ "$("$NNRUN" plugin list --json | tr -d ' \n')" = "[]" ] && # where nothing is installed
    expect "no plug-ins at all says where it looked" 2 "no plug-ins were found in $PWD/empty" "$NNRUN" ops FooNorm --plugin-path empty
cp good/manifest.yaml first.yaml
"$NNRUN" -q plugin manifest --refresh good
cmp -s first.yaml good/manifest.yaml && echo "ok equal objects give equal manifests" || echo "not ok equal objects give equal manifests"

package abi
build abi/foo.so -DOTHER_ABI
expect "another ABI, asked for a manifest" 2 "it speaks ABI 7 to 9, and this program speaks ABI 1 to 1" \
    "$NNRUN" plugin manifest abi
restate abi
expect "another ABI, with a manifest that lies" 2 "it speaks ABI 7 to 9, and this program speaks ABI 1 to 1" \
    "$NNRUN" ops FooNorm --plugin-path abi
sed -i 's/abi: .*/abi: [7, 9]/' abi/manifest.yaml
expect "another ABI, by its manifest" 2 "operator FooNorm is provided by plug-in abi ($PWD/abi/foo.so), which was not loaded: it speaks ABI 7 to 9" \
    "$NNRUN" ops FooNorm --plugin-path abi

for case in "MAGIC:it is no plug-in of nnrun" "POINTERS:its pointers have 4 bytes" "ORDER:its byte order is number 3" "HEAD:its head has 64 bytes"; do
    build head/foo.so "-DOTHER_${case%%:*}"
    expect "another head: ${case%%:*}" 2 "${case#*:}" "$NNRUN" plugin manifest head
done
build head/foo.so -DNO_ENTRY
expect "no entry" 2 "it exports no function nn_plugin_entry" "$NNRUN" plugin manifest head
build head/foo.so -DTWICE
expect "one name twice" 2 "it exports two tables of kind nn.operator/1 under the name 'FooNorm'" "$NNRUN" plugin manifest head
build head/foo.so -DTINY
expect "a table that is too short" 2 "has struct_size 16" "$NNRUN" plugin manifest head
build head/foo.so -DUNDEFINED
expect "an undefined symbol" 2 "there_is_no_such_function" "$NNRUN" plugin manifest head
build head/foo.so -DCRASHES
expect "a crash in the entry" 2 "foo.so: it crashed (Aborted) when it was asked what it offers" "$NNRUN" plugin manifest head
build head/foo.so -DEXITS
expect "an exit in the entry" 2 "it ended the process (exit code 7)" "$NNRUN" plugin manifest head
build head/foo.so -Wl,-rpath,/opt/vendor
expect "an RPATH" 2 "'/opt/vendor', and plug-ins take their libraries from the system's places only" "$NNRUN" plugin manifest head
echo "int x;" > head/foo.so
expect "not an object" 2 "it is not a shared object (ELF)" "$NNRUN" plugin manifest head
rm -r head

package longer -DLONGER
expect "a table of a later version" 0 "FooNorm, version 1" "$NNRUN" ops FooNorm --plugin-path longer
package shorter -DSHORTER
expect "a table of an earlier version" 0 "FooNorm, version 1" "$NNRUN" ops FooNorm --plugin-path shorter

package size
printf '\001' | dd of=size/foo.so bs=1 seek=4 conv=notrunc 2>/dev/null
restate size
expect "another word size" 2 "it is a 32-bit object, and this program is a 64-bit one" "$NNRUN" ops FooNorm --plugin-path size
expect "another word size, asked for a manifest" 2 "it is a 32-bit object" "$NNRUN" plugin manifest size

package cut
dd if=good/foo.so of=cut/foo.so bs=1 count=600 2>/dev/null
restate cut
expect "an object cut short" 2 "which was not loaded: it is damaged" "$NNRUN" ops FooNorm --plugin-path cut

build bare/inner/foo.so
expect "an object without manifest is reported" 0 "inner/foo.so has no manifest and is not opened" \
    "$NNRUN" ops --plugin-path bare
rm -r bare

package beside
cp beside/foo.so beside/new.so
expect "an object that its manifest does not state is reported" 0 "beside/new.so is not in the manifest beside it" \
    "$NNRUN" ops --plugin-path beside

package lying
sed -i 's/since: 1/since: 3/' lying/manifest.yaml
expect "a lying manifest" 2 "its manifest does not tell the truth: of export 1 ('FooNorm') since is 3 in the manifest and 1 in the object" \
    "$NNRUN" ops FooNorm --plugin-path lying
package lying
sed -n '/- kind/,$p' good/manifest.yaml | sed 's/FooNorm/BarNorm/' >> lying/manifest.yaml
expect "a manifest that promises more" 2 "2 exports are in the manifest and 1 in the object" \
    "$NNRUN" ops FooNorm --plugin-path lying

package changed
printf 'x' >> changed/foo.so
expect "another digest" 2 "it is not the file that its manifest states: SHA-256" "$NNRUN" ops FooNorm --plugin-path changed
rm changed/foo.so
expect "a missing object" 2 "operator FooNorm is provided by plug-in changed ($PWD/changed/foo.so), which was not loaded: it cannot be opened: No such file" \
    "$NNRUN" ops FooNorm --plugin-path changed

package open
chmod o+w open/foo.so
expect "a file that everybody may write" 2 "everybody may write to it (mode 0757)" "$NNRUN" ops FooNorm --plugin-path open
chmod o-w open/foo.so
chmod o+w open
expect "a folder that everybody may write" 2 "its folder: everybody may write to it" "$NNRUN" ops FooNorm --plugin-path open
chmod o-w open

package start -DSTART_FAILS
expect "a start that fails" 2 "which was not loaded: needs CUDA 12.4 or newer, found 11.8" "$NNRUN" ops FooNorm --plugin-path start

package both/one
package both/two
expect "two providers in one folder" 2 "operator FooNorm is provided twice, by plug-in one ($PWD/both/one/foo.so) and by plug-in two ($PWD/both/two/foo.so)" \
    "$NNRUN" ops FooNorm --plugin-path both
expect "a choice between two providers" 0 "FooNorm, version 1" "$NNRUN" ops FooNorm --plugin-path both --deny two
package before -DSINCE=1
expect "the earlier folder wins" 0 "$PWD/before/foo.so of plug-in before comes first" \
    "$NNRUN" plugin info good --plugin-path before --plugin-path good
expect "two packages of one name" 0 "two packages are called same" sh -c '
    for d in x y; do mkdir -p "names/$d"; cp good/foo.so "names/$d/"; "$0" plugin manifest --name same -o "names/$d/manifest.yaml" "names/$d"; done
    "$0" plugin list --plugin-path names' "$NNRUN"

package versions/v1
package versions/v7 -DSINCE=7
expect "two versions of one operator" 0 "FooNorm, version 7" "$NNRUN" ops FooNorm --plugin-path versions

expect "denied" 2 "which was not loaded: the deny list names it" "$NNRUN" ops FooNorm --plugin-path good --deny 'go*'
expect "not allowed" 2 "the allow list does not name it" "$NNRUN" ops FooNorm --plugin-path good --allow other
expect "allowed by its file" 0 "FooNorm, version 1" "$NNRUN" ops FooNorm --plugin-path good --allow foo.so
expect "safe" 2 "no plug-in provides operator 'FooNorm'" "$NNRUN" ops FooNorm --plugin-path good --safe
expect "no such folder" 2 "there is no plug-in folder 'nowhere'" "$NNRUN" ops --plugin-path nowhere
expect "a relative path in the environment" 0 "NN_PLUGIN_PATH: 'good' is not taken, because it is not an absolute path" \
    env NN_PLUGIN_PATH=good "$NNRUN" ops

mkdir bad
# bad NAME TEXT SENTENCE
bad() {
    printf '%s' "$2" > bad/manifest.yaml
    expect "$1" 0 "$3" "$NNRUN" plugin list --plugin-path bad
}
bad "an empty manifest" "" "manifest.yaml:1:1: the manifest is empty"
bad "a manifest that is not YAML" "a: [1" "not YAML"
bad "a manifest that is a list" "- a" "manifest.yaml:1:1: a manifest has to be a map"
bad "a manifest of the future" "manifest: 2${nl}name: x${nl}objects: []" "manifest.yaml:1:11: this is a manifest of version 2"
bad "a manifest without name" "manifest: 1${nl}objects: []" "manifest.yaml:1:1: 'name' is missing"
bad "a manifest that leaves its folder" "manifest: 1${nl}name: x${nl}objects:${nl}- file: ../x.so${nl}  sha256: y" \
    "manifest.yaml:4:9: 'file' has to be inside the package, found '../x.so'"
head -c 300 good/manifest.yaml > bad/manifest.yaml
expect "a manifest cut short" 0 "is not used" "$NNRUN" plugin list --plugin-path bad
mkdir deep && cp good/foo.so deep/ && head -c 100000 /dev/zero | tr '\0' '[' > deep/manifest.yaml
expect "a manifest of brackets" 0 "nested deeper than 64 levels" "$NNRUN" plugin list --plugin-path deep
expect "an unknown command has its near miss" 2 "did you mean 'plugin'?" "$NNRUN" plugni
expect "an unknown flag has its near miss" 2 "did you mean '--json'?" "$NNRUN" ops --jsno
expect "an unknown plug-in has its near miss" 2 "there is no plug-in 'goood'; did you mean 'good'?" \
    "$NNRUN" plugin info goood --plugin-path good
"$NNRUN" ops --plugin-path good > /dev/full 2>out
[ $? -eq 1 ] && echo "ok a full disk under stdout" || echo "not ok a full disk under stdout"
