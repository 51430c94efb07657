#!/bin/bash
# save onnx: valid by ONNX's own checker, and in OpenCV the same numbers as predict and encode-latent.
. "${0%/*}/tap.sh"
python=/usr/bin/python3
export OMP_WAIT_POLICY=passive

load fashion-mnist test >all 2>/dev/null || skip_all 'no Fashion-MNIST'
pick --first 40 all >s
derive --random --seed 1 -o arch
train --arch arch --cells 3 --channels 2 --epochs 1 -o net <s
train-encoder --latent 5 --profile small --epochs 1 --batch 20 -o enc <s

run 'save onnx net.onnx net && save onnx <net | cmp - net.onnx'
status 0 'to a file, and the same to a pipe'
run 'save onnx no s'
status 1
stderr exactly 'save: s: expected a stream of weights, found one of samples'
search-step --state search --validation s --cells 2 --channels 2 --epochs 1 <s >hardness
run 'save onnx no search'
status 1
stderr exactly 'save: the state of a search: expected a network, made by derive and train'
run 'head -c -9 net | save onnx no'
status 1
ok 'nothing appears' test ! -e no
run 'save onnx /dev/full net'
status 1
stderr like 'save: *No space left on device'

$python -c 'import onnx, cv2, numpy' 2>/dev/null || {
    skip 'no python3-onnx or no python3-opencv'
    done_testing
}
cat >same.py <<'END'
import sys, cv2, numpy as np, onnx
model, images, wanted = sys.argv[1:]
onnx.checker.check_model(onnx.load(model), full_check=True)
x = np.load(images).astype(np.float32).transpose(0, 3, 1, 2)
shape = [d.dim_value for d in onnx.load(model).graph.input[0].type.tensor_type.shape.dim]
edge = (shape[2] - x.shape[2]) // 2 # the encoder's frame
x = np.ascontiguousarray(np.pad(x, ((0, 0), (0, 0), (edge, edge), (edge, edge))))
network = cv2.dnn.readNetFromONNX(model)
network.setInput(x)
y, wanted = network.forward(), np.load(wanted)
print(y.shape == wanted.shape and bool(abs(y - wanted).max() < 1e-4) and bool(abs(y).max() > 1e-2),
      abs(y - wanted).max(), abs(y).max())
END
same() { # weights samples field program
    $4 --weights $1 <$2 | save npy wanted && save npy given <$2
    run "save onnx x.onnx $1 && $python same.py x.onnx given/image.npy wanted/$3.npy"
    stdout like 'True *'
}
same net s scores predict
same enc s z encode-latent

# Every operation, at odd and even sizes, with and without what only training uses.
mkdir set && save png set/a <s && cp -r set/a set/b
for seed in 2 3 4 5; do
    derive --random --seed $seed -o arch
    load folder set --size 1${seed}x1$((seed * 3 % 7)) | pick --first 20 >sized
    train --arch arch --cells 3 --channels 3 --epochs 1 --drop-path 0.3 -o net <sized
    same net sized scores predict
done
{ printf '\0\0\10\4\0\0\0\24\0\0\0\15\0\0\0\15\0\0\0\3'; head -c 10140 all; } >colour
{ printf '\0\0\10\1\0\0\0\24'; printf '\1\0%.0s' 1 2 3 4 5 6 7 8 9 10; } >labels
load idx colour labels >rgb
train --arch arch --cells 4 --channels 4 --epochs 1 --auxiliary -o net <rgb
same net rgb scores predict
for cell in '|nor_conv_3x3~0|+|avg_pool_3x3~0|skip_connect~1|+|none~0|nor_conv_1x1~1|skip_connect~2|' \
    '|none~0|+|avg_pool_3x3~0|nor_conv_3x3~1|'; do
    echo "$cell" >cell
    train --arch cell --cells 6 --channels 4 --epochs 1 -o net <rgb
    same net rgb scores predict
done
for design in cnn resnet; do
    train --network $design --channels 5 --epochs 1 -o designed <rgb
    same designed rgb scores predict
done
ok 'class names and settings go with it' $python -c '
import onnx
notes = {p.key: p.value for p in onnx.load("net.onnx").metadata_props}
assert "Sneaker" in notes["classes"] and "genotype" in notes["network"]'
done_testing
