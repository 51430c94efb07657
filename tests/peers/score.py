"""What score writes, by PyTorch: the network of networks.py with the weights that train --epochs 0 left, hooks on its ReLUs, slogdet.
usage: score.py WEIGHTS-AS-NPY SAMPLES-AS-NPY PEEK-AS-JSON     prints score, overlap, bits"""
import json, sys
import numpy as np, torch, torch.nn as nn
from networks import Dense, to_torch
weights, samples, peek = sys.argv[1:]
how = json.load(open(peek))["meta"]["network"]["normalisation"]
torch.set_default_dtype(torch.float64)
x = torch.from_numpy(np.load(samples + '/image.npy').astype(np.float64) / 255).permute(0, 3, 1, 2)
x = (x - torch.tensor(how['mean']).reshape(1, -1, 1, 1)) / torch.tensor(how['sd']).reshape(1, -1, 1, 1)
net = Dense(c=4, n=1, image=x.shape[1])
for k, p in net.named_parameters(): p.data = to_torch(torch.from_numpy(np.load('%s/%s.npy' % (weights, k))).double(), p).contiguous()
n = len(x); K, bits = np.zeros((n, n)), 0
def hook(module, inputs, output):
    global K, bits
    on = (inputs[0] > 0).double().reshape(n, -1).numpy(); K = K + on @ on.T + (1 - on) @ (1 - on).T; bits += on.shape[1]
for m in net.modules():
    if isinstance(m, nn.ReLU): m.register_forward_hook(hook)
net.train()
with torch.no_grad(): net(x, torch.zeros(n, dtype=torch.long))
print('%.10g %.6f %d' % (np.linalg.slogdet(K)[1], (K.sum() - n * bits) / (n * (n - 1)) / bits, bits))
