"""Peer: one training step (forward, backward, clipping, SGD) of the network of DARTS' published second-order cell in PyTorch:
no drop-path, no auxiliary head. What it does is checked against this engine by tests/peers/networks.t.
usage: python3 discrete_torch.py [batch] [channels] [cells] [side] [image channels] [threads]"""
import os, resource, sys, time, torch, torch.nn as nn
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'peers'))
sys.dont_write_bytecode = True
from networks import Discrete

given = [int(a) for a in sys.argv[1:]]
batch, channels, cells, side, image, threads = given + [96, 16, 8, 28, 1, 2][len(given):]
torch.set_num_threads(threads); torch.manual_seed(0)
net = Discrete(channels, cells, image, auxiliary=False)
optimiser = torch.optim.SGD(net.parameters(), .025, .9, weight_decay=3e-4)
x, y = torch.randn(batch, image, side, side), torch.randint(0, 10, (batch,))
seconds = []
for _ in range(8):
    began = time.time()
    optimiser.zero_grad()
    net(x, y)[1].backward()
    nn.utils.clip_grad_norm_(net.parameters(), 5)
    optimiser.step()
    seconds.append(time.time() - began)
median = sorted(seconds[1:])[3]
print('step %.3f s, %.2f images/s, peak RSS %.0f MiB' % (median, batch / median, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
