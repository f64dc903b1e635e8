#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Arrays between formats, judged by NumPy where it is found: what NumPy wrote is read to the bit, and what is written
# here NumPy reads.
set -u
same() { if cmp -s "$2" "$3"; then echo "ok $1"; else echo "not ok $1: $2 and $3 differ"; fi; }

cat >model.yaml <<END
model: {family: mlp, hidden: [5]}
data: {loader: glyphs, train: 60, test: 20}
train: {epochs: 1, batch: 20, optimizer: {name: adam}}
END
"$NNRUN" -q train model.yaml >folder 2>err || { echo "not ok a training: $(cat err)"; exit 1; }
last=$(cat folder)/weights/last.safetensors
for way in npz csv; do
    "$NNRUN" convert "$last" a.$way && "$NNRUN" convert a.$way b.safetensors --json >out
    "$NNRUN" convert "$last" >expected
    "$NNRUN" convert b.safetensors | sort >found
    sort expected >sorted
    same "names, types and shapes go through $way" sorted found
    "$NNRUN" convert b.safetensors b.csv && "$NNRUN" convert "$last" c.csv
    LC_ALL=C grep -v '^#' b.csv | sort >found
    LC_ALL=C grep -v '^#' c.csv | sort >sorted
    same "values go through $way" sorted found
done
"$NNRUN" eval "$last" >expected
"$NNRUN" eval a.npz >found
same "an npz is a checkpoint, record and all" expected found
"$NNRUN" -q train model.yaml train.format=npz >folder
"$NNRUN" eval "$(cat folder)" >found
same "a training saves npz when it is told to" expected found

# Samples out of arrays: two classes on two sides of a line, in one file, in a folder, in another order.
awk 'BEGIN { print "# f32 [300,2] x"
    for (i = 0; i < 300; i++) printf "%d,%.3f\n", i % 2 ? 1 : -1, (i * 37 % 100) / 100
    print "# u8 [300] y"; for (i = 0; i < 300; i++) printf "%d%s", i % 2, i < 299 ? "," : "\n" }' >xy.csv
mkdir set && "$NNRUN" convert xy.csv set/points.npy --only x && "$NNRUN" convert xy.csv set/sides.npy --only y
"$NNRUN" convert xy.csv xy.npz
# learn NAME DATA: what a small network says of them
learn() {
    cat >learn.yaml <<END
model: {family: mlp, hidden: [4]}
data: {loader: arrays, $1}
train: {epochs: 5, batch: 20, optimizer: {name: adam, rate: 0.05}}
END
    "$NNRUN" -q train learn.yaml >folder 2>err && "$NNRUN" eval "$(cat folder)" || cat err
}
learn 'path: xy.csv' >expected
grep -q '^accuracy 1$' expected && echo "ok arrays are learnt from" || echo "not ok arrays are learnt from: $(cat expected)"
learn 'path: xy.npz, classes: {y: 2}' >found
same "the same from npz" expected found
learn 'path: set, fields: {x: points.npy, y: sides.npy}' >found
same "the same from a folder of npy" expected found
learn 'path: xy.npz, test_path: xy.csv' >found
grep -q '^accuracy 1$' found && echo "ok a second file is tested on" || echo "not ok a second file is tested on: $(cat found)"
# wrong NAME DATA SENTENCE
wrong() {
    learn "$2" >found
    grep -qF -- "$3" found && echo "ok refused: $1" || echo "not ok refused: $1: $(cat found)"
}
"$NNRUN" convert xy.npz x.npz --only x
printf '# i8 [2] y\n0,-1\n# f32 [2,1] x\n1\n2\n' >minus.csv
printf '# i8 [3] y\n0,1,0\n# f32 [2,1] x\n1\n2\n' >ragged.csv
printf '# f32 [] y\n0\n' >scalar.csv
wrong "no file" 'path: nosuch.npz' 'nosuch.npz: No such file'
wrong "no array of that name" 'path: xy.npz, fields: {x: z}' 'xy.npz: it has no array "z"'
wrong "too many classes" 'path: xy.npz, classes: {y: 1}' 'element 1 of array y is 1, 0 to 0 are expected'
wrong "negative classes" 'path: minus.csv' 'element 1 of array y is -1'
wrong "ragged" 'path: ragged.csv' 'array x has 2 samples, y has 3'
wrong "a scalar" 'path: scalar.csv' 'array y is f32 of 0 dimensions'
wrong "another shape to test on" 'path: xy.csv, test_path: minus.csv' 'another type or shape'
wrong "a folder without names" 'path: set' 'a folder needs the names of its files'
wrong "classes of no field" 'path: xy.csv, classes: {z: 2}' 'a field that the data has not'
wrong "a file that is no array" 'path: learn.yaml' "no plug-in provides format 'yaml'"

python=
for p in "${PYTHON:-}" python3 /usr/bin/python3; do
    [ -n "$p" ] && "$p" -c 'import numpy' 2>/dev/null && python=$p && break
done
[ -n "$python" ] || { echo "skip numpy there is no Python with NumPy"; exit 0; }
"$python" - "$NNRUN" a.npz a.csv <<'END'
import subprocess, sys
import numpy as np

nnrun, npz, csv = sys.argv[1:]


def judge(name, good):
    print(("ok " if good else "not ok ") + name)


def convert(*files):
    subprocess.run([nnrun, "convert", *files], check=True)


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


rng = np.random.default_rng(1)
types = "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8".split()
arrays = {t: (rng.standard_normal((3, 2, 4)) * 100).astype(t) for t in types}
arrays |= {"bool": rng.random(7) < 0.5, "scalar": np.float64(0.1), "empty": np.zeros((0, 3), "f4")}
mixed = arrays | {"fortran": np.asfortranarray(arrays["f4"]), "big": arrays["i4"].astype(">i4"),
                  "both": np.asfortranarray(arrays["f8"]).astype(">f8"), "a name/\u00e9": np.arange(3)}
little = {k: np.ascontiguousarray(v).astype(v.dtype.newbyteorder("<")) for k, v in mixed.items()}
little["scalar"] = np.asarray(0.1)
for save in (np.savez, np.savez_compressed):
    save("n.npz", **mixed)
    convert("n.npz", "m.npz")
    with np.load("m.npz") as m:
        judge(f"{save.__name__}: every type and order", sorted(m) == sorted(little)
              and all(same(m[k], v) for k, v in little.items()))
convert("n.npz", "m.csv")
convert("m.csv", "k.npz")
with np.load("k.npz") as m:
    judge("every type through text", all(same(m[k], v) for k, v in little.items()))
for k, v in mixed.items():
    np.save("one.npy", v)
    convert("one.npy", "two.npy")
    if not same(np.load("two.npy"), little[k]):
        judge(f"npy: {k}", False)
judge("npy: every type and order", True)
zeros = np.zeros((4000, 4000), "f4")
np.savez_compressed("zeros.npz", zeros=zeros)
convert("zeros.npz", "zeros.npy")
judge("64 MB of zeros out of 64 kB", same(np.load("zeros.npy"), zeros))
with np.load(npz) as m:
    text = m["__metadata__/nnrun.record.txt"]
    judge("the record is a text of the archive", b"tensors_sha256" in bytes(text))
table = np.loadtxt(csv, delimiter=",", ndmin=2, max_rows=5)
judge("loadtxt reads the text", table.shape[0] == 5)
np.savetxt("t.csv", arrays["f8"][0], delimiter=",", fmt="%.17g")
convert("t.csv", "t.npy")
judge("and the other way round", same(np.load("t.npy"), arrays["f8"][0]))
np.save("odd.npy", np.array(["a", "bc"]))
odd = subprocess.run([nnrun, "convert", "odd.npy"], capture_output=True, text=True)
judge("strings are refused", odd.returncode == 2 and "'<U2' is none of numbers" in odd.stderr)
np.save("odd.npy", np.array([{}], dtype=object))
odd = subprocess.run([nnrun, "convert", "odd.npy"], capture_output=True, text=True)
judge("objects are refused", odd.returncode == 2 and "'|O' is none of numbers" in odd.stderr)
END
