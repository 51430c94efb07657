"""Compares what dump wrote with PyTorch: the same networks, written out here once more, given the same weights by name.
usage: networks.py supernet|partial|tas|discrete|nasbench201|autoencoder|objective|cnn|resnet FOLDER       prints TAP lines without numbers; exit status 1 where one fails"""
import copy, glob, os, sys
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F

def conv(i, o, k=1, stride=1, pad=0, dilation=1, groups=1):
    return nn.Conv2d(i, o, k, stride, pad, dilation, groups, bias=False)
def sep_units(c, k, stride, affine):
    unit = lambda s: [nn.ReLU(), conv(c, c, k, s, k // 2, groups=c), conv(c, c), nn.BatchNorm2d(c, affine=affine)]
    return unit(stride) + unit(1)
def dil_units(c, k, stride, affine):
    return [nn.ReLU(), conv(c, c, k, stride, k - 1, 2, c), conv(c, c), nn.BatchNorm2d(c, affine=affine)]
def shifted(x):
    return F.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2))[:, :, 1:, 1:]

# ---- the super-net ----
class Reduce(nn.Module):
    def __init__(s, i, o):
        super().__init__(); s.a, s.b, s.n = conv(i, o // 2, 1, 2), conv(i, o // 2, 1, 2), nn.BatchNorm2d(o, affine=False)
    def forward(s, x):
        x = F.relu(x); return s.n(torch.cat([s.a(x), s.b(shifted(x))], 1))
class Zero(nn.Module):
    def forward(s, x): return 0.
class Mixed(nn.Module):
    def __init__(s, c, stride):
        super().__init__(); bn = lambda: nn.BatchNorm2d(c, affine=False)
        s.ops = nn.ModuleList([Zero(), nn.Sequential(nn.MaxPool2d(3, stride, 1), bn()),
            nn.Sequential(nn.AvgPool2d(3, stride, 1, count_include_pad=False), bn()), nn.Identity() if stride == 1 else Reduce(c, c),
            nn.Sequential(*sep_units(c, 3, stride, False)), nn.Sequential(*sep_units(c, 5, stride, False)),
            nn.Sequential(*dil_units(c, 3, stride, False)), nn.Sequential(*dil_units(c, 5, stride, False))])
    def forward(s, x, w): return sum(a * op(x) for a, op in zip(w, s.ops))
class Partial(Mixed):
    """One of four parts of the channels goes through the operations; then all are shuffled."""
    def __init__(s, c, stride): super().__init__(c // 4, stride); s.stride = stride
    def forward(s, x, w):
        c = x.shape[1] // 4; rest = F.max_pool2d(x[:, c:], 2) if s.stride > 1 else x[:, c:]
        return torch.cat([super().forward(x[:, :c], w), rest], 1).unflatten(1, (4, c)).transpose(1, 2).flatten(1, 2)
class SearchCell(nn.Module):
    def __init__(s, before, last, c, reduction, after, mixed=Mixed):
        super().__init__(); s.reduction = reduction; pre = lambda i: nn.Sequential(nn.ReLU(), conv(i, c), nn.BatchNorm2d(c, affine=False))
        s.p0, s.p1 = Reduce(before, c) if after else pre(before), pre(last)
        s.ops = nn.ModuleList([mixed(c, 2 if reduction and j < 2 else 1) for i in range(4) for j in range(2 + i)])
    def forward(s, a, b, w, edges=None):
        state, edge = [s.p0(a), s.p1(b)], 0
        for i in range(4):
            own = F.softmax(edges[edge:edge + i + 2], -1) if edges is not None else torch.ones(i + 2)
            state.append(sum(own[j] * s.ops[edge + j](x, w[edge + j]) for j, x in enumerate(state))); edge += i + 2
        return torch.cat(state[2:], 1)
def cells(make, c, n):
    before = last = 3 * c; after = False
    for i in range(n):
        reduction = i in (n // 3, 2 * n // 3); c *= 2 if reduction else 1
        yield make(before, last, c, reduction, after); before, last, after = last, 4 * c, reduction
class SuperNet(nn.Module):
    def __init__(s, c=16, n=8, image=1, classes=10):
        super().__init__(); s.stem = nn.Sequential(conv(image, 3 * c, 3, 1, 1), nn.BatchNorm2d(3 * c))
        s.cells = nn.ModuleList(cells(SearchCell, c, n)); s.fc = nn.Linear(16 * c, classes)
        s.an, s.ar = nn.Parameter(torch.zeros(14, 8)), nn.Parameter(torch.zeros(14, 8))
    def forward(s, x, y):
        a = b = s.stem(x); w = F.softmax(s.an, -1), F.softmax(s.ar, -1)
        for c in s.cells: a, b = b, c(a, b, w[c.reduction])
        out = s.fc(b.mean((2, 3))); return out, F.cross_entropy(out, y)

class PartialNet(SuperNet):
    def __init__(s, c=16, n=8):
        super().__init__(c, n); s.cells = nn.ModuleList(cells(lambda *a: SearchCell(*a, mixed=Partial), c, n))
        s.bn, s.br = nn.Parameter(torch.zeros(14)), nn.Parameter(torch.zeros(14))
    def forward(s, x, y):
        a = b = s.stem(x); w, edges = (F.softmax(s.an, -1), F.softmax(s.ar, -1)), (s.bn, s.br)
        for c in s.cells: a, b = b, c(a, b, w[c.reduction], edges[c.reduction])
        out = s.fc(b.mean((2, 3))); return out, F.cross_entropy(out, y)

# ---- the super-net of widths and depths: those that have parameters here are mixed, as they were drawn ----
def interpolated(x, o): return F.adaptive_avg_pool2d(x.transpose(1, 3), (None, o)).transpose(1, 3)
def overlapping(a, b):
    most = max(a.shape[1], b.shape[1]); return sum(F.pad(t, (0, 0, 0, 0, 0, most - t.shape[1])) for t in (a, b))
class Widths(nn.Module):
    """One convolution of all channels, on input filled up with zeros; of the first of its outputs each width normalises its own."""
    def __init__(s, names, name, i, o, k=3, stride=1):
        super().__init__(); s.conv = conv(i, o, k, stride, k // 2)
        s.BNs = nn.ModuleDict({str(w): nn.BatchNorm2d(o * (3 + w) // 10) for w in range(8) if '%s.BNs.%d.weight' % (name, w) in names})
    def forward(s, x, gate):
        x = s.conv(F.pad(x, (0, 0, 0, 0, 0, s.conv.in_channels - x.shape[1]))); widest = max(bn.num_features for bn in s.BNs.values())
        return sum(gate[int(w)] * interpolated(bn(x[:, :bn.num_features]), widest) for w, bn in s.BNs.items())
class WidthsBlock(nn.Module):
    def __init__(s, names, name, i, o, stride):
        super().__init__(); s.conv_a, s.conv_b = Widths(names, name + '.conv_a', i, o, 3, stride), Widths(names, name + '.conv_b', o, o)
        s.downsample = Widths(names, name + '.downsample', i, o, 1) if stride > 1 else None
    def forward(s, x, a, b):
        y = s.conv_b(F.relu(s.conv_a(x, a)), b); return F.relu(overlapping(s.downsample(F.avg_pool2d(x, 2), b) if s.downsample else x, y))
class WidthsNet(nn.Module):
    def __init__(s, names, c=16, n=2, image=3, classes=10):
        super().__init__(); s.n, last = n, c; s.layers = nn.ModuleList([Widths(names, 'layers.0', image, c)])
        for k in range(3):
            for i in range(n): s.layers.append(WidthsBlock(names, 'layers.%d' % len(s.layers), last, c << k, 2 if k and not i else 1)); last = c << k
        s.classifier = nn.Linear(4 * c, classes); s.width_attentions, s.depth_attentions = nn.Parameter(torch.zeros(6 * n + 1, 8)), nn.Parameter(torch.zeros(3, n))
    def forward(s, x, y):
        x = F.relu(s.layers[0](x, s.width_attentions[0])); at = 1
        for depth in s.depth_attentions:
            made = []
            for i in range(s.n): x = s.layers[at](x, *s.width_attentions[2 * at - 1:2 * at + 1]); made.append(x); at += 1
            x = sum(d * interpolated(m, max(m.shape[1] for m in made)) for d, m in zip(depth, made))
        x = x.mean((2, 3)); out = F.linear(x, s.classifier.weight[:, :x.shape[1]], s.classifier.bias); return out, F.cross_entropy(out, y)

# ---- a discrete network: DARTS_V2 ----
NORMAL = [('sep', 0), ('sep', 1), ('sep', 0), ('sep', 1), ('sep', 1), ('skip', 0), ('skip', 0), ('dil', 2)]
REDUCE = [('max', 0), ('max', 1), ('skip', 2), ('max', 1), ('max', 0), ('skip', 2), ('skip', 2), ('max', 1)]
class FactorizedReduce(nn.Module):
    def __init__(s, i, o):
        super().__init__(); s.conv_1, s.conv_2, s.bn = conv(i, o // 2, 1, 2), conv(i, o // 2, 1, 2), nn.BatchNorm2d(o)
    def forward(s, x):
        x = F.relu(x); return s.bn(torch.cat([s.conv_1(x), s.conv_2(shifted(x))], 1))
class Op(nn.Module):
    def __init__(s, *units): super().__init__(); s.op = nn.Sequential(*units)
    def forward(s, x): return s.op(x)
class Cell(nn.Module):
    def __init__(s, before, last, c, reduction, after):
        super().__init__(); s.gene = REDUCE if reduction else NORMAL; pre = lambda i: Op(nn.ReLU(), conv(i, c), nn.BatchNorm2d(c))
        s.preprocess0, s.preprocess1 = FactorizedReduce(before, c) if after else pre(before), pre(last)
        make = dict(sep=lambda t: Op(*sep_units(c, 3, t, True)), dil=lambda t: Op(*dil_units(c, 3, t, True)),
                    max=lambda t: nn.MaxPool2d(3, t, 1), skip=lambda t: nn.Identity() if t == 1 else FactorizedReduce(c, c))
        s._ops = nn.ModuleList([make[op](2 if reduction and i < 2 else 1) for op, i in s.gene])
    def forward(s, a, b):
        state = [s.preprocess0(a), s.preprocess1(b)]
        for i in range(0, 8, 2): state.append(sum(s._ops[k](state[s.gene[k][1]]) for k in (i, i + 1)))
        return torch.cat(state[2:], 1)
class Head(nn.Module):
    def __init__(s, i, classes):
        super().__init__(); s.classifier = nn.Linear(768, classes)
        s.features = nn.Sequential(nn.ReLU(), nn.AvgPool2d(5, 3), conv(i, 128), nn.BatchNorm2d(128), nn.ReLU(), conv(128, 768, 2), nn.BatchNorm2d(768), nn.ReLU())
    def forward(s, x): return s.classifier(s.features(x).flatten(1))
class Discrete(nn.Module):
    def __init__(s, c=16, n=8, image=3, classes=10, auxiliary=True):
        super().__init__(); s.stem = nn.Sequential(conv(image, 3 * c, 3, 1, 1), nn.BatchNorm2d(3 * c))
        s.cells, s.classifier = nn.ModuleList(cells(Cell, c, n)), nn.Linear(16 * c, classes)
        s.auxiliary_head = Head(16 * c, classes) if auxiliary else None
    def forward(s, x, y):
        a = b = s.stem(x); loss = 0.
        for i, c in enumerate(s.cells):
            a, b = b, c(a, b)
            if s.auxiliary_head and i == 2 * len(s.cells) // 3: loss = .4 * F.cross_entropy(s.auxiliary_head(b), y)
        out = s.classifier(b.mean((2, 3))); return out, F.cross_entropy(out, y) + loss

# ---- a network of NAS-Bench-201 ----
DENSE = [['3'], ['skip', '1'], ['none', 'mean', '3']]
class DenseCell(nn.Module):
    def __init__(s, c):
        super().__init__(); op = lambda k: lambda: Op(nn.ReLU(), conv(c, c, k, 1, k // 2), nn.BatchNorm2d(c))
        make = {'none': Zero, 'skip': nn.Identity, '1': op(1), '3': op(3), 'mean': lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False)}
        s.layers = nn.ModuleList([make[o]() for node in DENSE for o in node])
    def forward(s, x):
        state, edge = [x], 0
        for node in DENSE: state.append(sum(s.layers[edge + i](state[i]) for i in range(len(node)))); edge += len(node)
        return state[-1]
class DenseBlock(nn.Module):
    def __init__(s, i, o):
        super().__init__(); op = lambda i, stride: Op(nn.ReLU(), conv(i, o, 3, stride, 1), nn.BatchNorm2d(o))
        s.conv_a, s.conv_b, s.downsample = op(i, 2), op(o, 1), nn.Sequential(nn.AvgPool2d(2), conv(i, o))
    def forward(s, x): return s.conv_b(s.conv_a(x)) + s.downsample(x)
class Dense(nn.Module):
    def __init__(s, c=16, n=2, image=3, classes=10):
        super().__init__(); s.stem, units = nn.Sequential(conv(image, c, 3, 1, 1), nn.BatchNorm2d(c)), []
        for k in range(3): units += [DenseBlock(c << k - 1, c << k) for _ in range(k > 0)] + [DenseCell(c << k) for _ in range(n)]
        s.cells, s.lastact, s.classifier = nn.ModuleList(units), nn.Sequential(nn.BatchNorm2d(4 * c), nn.ReLU()), nn.Linear(4 * c, classes)
    def forward(s, x, y):
        x = s.stem(x)
        for c in s.cells: x = c(x)
        out = s.classifier(s.lastact(x).mean((2, 3))); return out, F.cross_entropy(out, y)

# ---- the auto-encoder ----
class AutoEncoder(nn.Module):
    def __init__(s, w=64, z=8):
        super().__init__(); bn = nn.BatchNorm2d; up = lambda i, o: nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False); leaky = nn.LeakyReLU(.2)
        s.enc = nn.Sequential(conv(1, w, 4, 2, 1), leaky, conv(w, 2 * w, 4, 2, 1), bn(2 * w), leaky, conv(2 * w, 4 * w, 4, 2, 1), bn(4 * w), leaky, conv(4 * w, z, 4))
        s.dec = nn.Sequential(nn.ConvTranspose2d(z, 4 * w, 4, bias=False), bn(4 * w), nn.ReLU(), up(4 * w, 2 * w), bn(2 * w), nn.ReLU(),
                              up(2 * w, w), bn(w), nn.ReLU(), up(w, 1), nn.Tanh())
    def forward(s, x, y): z = s.enc(x); return z.flatten(1), F.mse_loss(s.dec(z), x)

# ---- the auto-encoder under all losses, Kendall's weights; more: the other inputs ----
LOSSES = 'mse contractive vae second triplet cosine contrastive circle'.split()
def circle(a, b, label, m=.25, gamma=80):
    s, within = a @ b.t(), label[:, None] == label
    ap, an = (1 + m - s.detach()).clamp_min(0), (s.detach() + m).clamp_min(0)
    lp, ln = -gamma * ap * (s - (1 - m)), gamma * an * (s - m)
    return F.softplus(ln.masked_fill(within, -np.inf).logsumexp(1) + lp.masked_fill(~within, -np.inf).logsumexp(1)).mean()
class Objective(AutoEncoder):
    def __init__(s, w=16, z=8):
        super().__init__(w, z); s.second = AutoEncoder(w, z).enc; s.variance = nn.ModuleDict({'8': conv(4 * w, z, 4)})
        s.kendall = nn.ParameterDict({k: nn.Parameter(torch.zeros(1)) for k in LOSSES})
    def tangent(s, x, n):
        """J n, the statistics of the batch held constant."""
        h, t = x.detach(), n
        for m in s.enc:
            if isinstance(m, nn.BatchNorm2d): t = t * (m.weight / (h.var((0, 2, 3), unbiased=False) + m.eps).sqrt().detach())[:, None, None]
            elif isinstance(m, nn.LeakyReLU): t = torch.where(h > 0, t, .2 * t)
            else: t = m(t)
            h = m(h)
        return t.flatten(1)
    def forward(s, x, more):
        more = {k: t.to(x.dtype) for k, t in more.items()}; same, label = more['same'].flatten(), more['class'].flatten()
        h = s.enc[:-1](x); z, v = s.enc[-1](h).flatten(1), s.variance['8'](h).flatten(1)
        y = s.dec((z + (v / 2).exp() * more['noise'].flatten(1))[..., None, None])
        p, q, o = (s.enc(more[k]).flatten(1) for k in ('positive', 'negative', 'other')); d = (z - o).norm(dim=1)
        terms = dict(mse=F.mse_loss(y, x), contractive=s.tangent(x, more['direction']).pow(2).sum(1).mean(),
            vae=.5 * (z ** 2 + v.exp() - 1 - v).sum(1).mean(), second=F.mse_loss(z, s.second(y).flatten(1)),
            triplet=F.triplet_margin_loss(z, p, q, margin=1.), cosine=F.cosine_embedding_loss(z, o, same),
            contrastive=torch.where(same > 0, d ** 2, (1 - d).clamp_min(0) ** 2).mean() / 2, circle=circle(F.normalize(z), F.normalize(p), label))
        loss = sum(.5 * (-s.kendall[k]).exp() * t + .5 * s.kendall[k] for k, t in terms.items()).squeeze(); return loss, loss

# ---- published designs ----
class Cnn(nn.Module):
    def __init__(s, c=16, n=4, image=3, classes=10):
        super().__init__(); unit = lambda i, o: [conv(i, o, 3, 1, 1), nn.BatchNorm2d(o), nn.ReLU()]; units = []
        for k in range(n // 2): units += unit(c << k - 1 if k else image, c << k) + unit(c << k, c << k) + [nn.MaxPool2d(2)]
        s.features, s.classifier = nn.Sequential(*units), nn.Linear(c << n // 2 - 1, classes)
    def forward(s, x, y): out = s.classifier(s.features(x).mean((2, 3))); return out, F.cross_entropy(out, y)
class Block(nn.Module):
    def __init__(s, i, o, stride):
        super().__init__(); s.conv1, s.bn1, s.conv2, s.bn2 = conv(i, o, 3, stride, 1), nn.BatchNorm2d(o), conv(o, o, 3, 1, 1), nn.BatchNorm2d(o)
        s.downsample = nn.Sequential(conv(i, o, 1, stride), nn.BatchNorm2d(o)) if stride > 1 else nn.Identity()
    def forward(s, x): return F.relu(s.bn2(s.conv2(F.relu(s.bn1(s.conv1(x))))) + s.downsample(x))
class ResNet(nn.Module):
    def __init__(s, c=16, n=3, image=3, classes=10):
        super().__init__(); s.conv1, s.bn1, s.fc = conv(image, c, 3, 1, 1), nn.BatchNorm2d(c), nn.Linear(4 * c, classes)
        stage = lambda k: nn.Sequential(*[Block(c << (k - 1 if k and not i else k), c << k, 2 if k and not i else 1) for i in range(n)])
        s.layer1, s.layer2, s.layer3 = stage(0), stage(1), stage(2)
    def forward(s, x, y):
        x = s.layer3(s.layer2(s.layer1(F.relu(s.bn1(s.conv1(x)))))); out = s.fc(x.mean((2, 3))); return out, F.cross_entropy(out, y)

# ---- the comparison ----
def to_torch(t, like):
    """[h, w, in, out] to [out, in, h, w]; [h, w, c] to [c, 1, h, w]; [in, out] to [out, in]"""
    if t.dim() == 4: return t.permute(3, 2, 0, 1)
    if t.dim() == 3: return t.permute(2, 0, 1)[:, None]
    return t.t() if t.dim() == 2 and t.shape[::-1] == like.shape else t.reshape(like.shape)
def distance(a, b): return ((a - b).abs().max() / b.abs().max().clamp_min(1e-9)).item()

def compare(kind, folder):
    """Yields (good, text) for each thing compared."""
    torch.set_default_dtype(torch.float64)
    read = lambda name: torch.from_numpy(np.load(os.path.join(folder, name + '.npy'))).double()
    ours = {os.path.basename(f)[2:-4] for f in glob.glob(os.path.join(folder, 'p.*.npy'))}
    net = dict(supernet=SuperNet, partial=PartialNet, tas=lambda: WidthsNet(ours), discrete=Discrete, nasbench201=Dense, autoencoder=AutoEncoder, objective=Objective, cnn=Cnn, resnet=ResNet)[kind]()
    parameters = dict(net.named_parameters())
    yield ours == set(parameters), 'the same %d parameters by name' % len(ours)
    for k, p in parameters.items(): p.data = to_torch(read('p.' + k), p).contiguous()
    if kind == 'objective': y = {k: read(k).permute(0, 3, 1, 2) for k in 'positive negative other direction noise same class'.split()}
    else: y = read('y').long().flatten() if kind != 'autoencoder' else None
    x = read('x').permute(0, 3, 1, 2)
    out, loss = net(x, y); loss.backward()
    d = distance(read('output').reshape(out.shape), out.detach()); yield d < 1e-4, 'outputs, relative %.1e' % d
    d = distance(read('loss').reshape(()), loss.detach()); yield d < 1e-4, 'loss, relative %.1e' % d
    ours = {k: to_torch(read('g.' + k), p) for k, p in parameters.items()}
    true = {k: p.grad for k, p in parameters.items()}
    count = sum(p.numel() for p in parameters.values())
    if np.load(os.path.join(folder, 'loss.npy')).dtype == np.float64:
        worst = max((distance(ours[k], true[k]), k) for k in true)
        yield worst[0] < 1e-4, 'gradients of all %d weights, relative %.1e at %s' % (count, *worst)
        return
    # In single precision a rounding error that moves a value over a ReLU's zero, or changes the choice of a max-pool, moves
    # gradients by per cents, in PyTorch as here: so what is asked is to be as near to the double result as PyTorch's float is.
    single = copy.deepcopy(net).float(); single.zero_grad(); single(x.float(), y)[1].backward()
    theirs = {k: p.grad.double() for k, p in single.named_parameters()}
    far = lambda g: (sum((g[k] - true[k]).pow(2).sum() for k in true) / sum(t.pow(2).sum() for t in true.values())).sqrt().item()
    a, b = far(ours), far(theirs)
    yield a < max(1e-4, 2 * b), 'gradients of all %d weights in float, relative %.1e of the whole (PyTorch in float: %.1e)' % (count, a, b)

if __name__ == '__main__':
    results = list(compare(*sys.argv[1:]))
    for good, text in results: print('ok' if good else 'not ok', '- %s: %s' % (sys.argv[1], text))
    sys.exit(not all(good for good, _ in results))
