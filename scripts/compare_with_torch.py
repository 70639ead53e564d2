"""Compares pyhealth-bench with PyTorch, shape by shape; called by compare-with-torch.

Every round measures all shapes here and then all in PyTorch. A figure is the median of the rounds, each of which is the
median of several runs; time is CPU time, so that other programs on the machine disturb little.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
if "--torch-avx2" in sys.argv:
    # read when the libraries are loaded
    os.environ.update(
        ATEN_CPU_CAPABILITY="avx2", MKL_ENABLE_INSTRUCTIONS="AVX2", ONEDNN_MAX_CPU_ISA="AVX2")
import torch
from torch import nn
from torch.nn import functional as F

CORPUS = [
    33, 17, 32, 14, 69, 51, 21, 59, 57, 31, 40, 14, 49, 36, 25, 75, 35, 39, 78, 51, 40, 44, 47, 31, 68, 29,
    54, 60, 98, 26, 58, 29,
]


def product(m, n, k):
    a, b, c = torch.rand(m, k), torch.rand(k, n), torch.empty(m, n)
    return lambda: torch.mm(a, b, out=c)


def elementwise(function, shape=(1 << 20,)):
    x = torch.rand(shape) * 2 - 1
    return lambda: function(x)


def layer_norm():
    x, w, b = torch.rand(8192, 128), torch.rand(128), torch.rand(128)
    return lambda: F.layer_norm(x, (128,), w, b)


def adam(count, **options):
    p = nn.Parameter(torch.rand(count))
    p.grad = torch.rand(count)
    return torch.optim.Adam([p], lr=1e-6, **options).step


def training(module, shape, call, optimizes=True):
    """One step: forward, backward with the gradient of the input, fused Adam."""
    x = (torch.rand(shape) * 2 - 1).requires_grad_()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-6, fused=True)
    module.train()

    def step():
        x.grad = None
        optimizer.zero_grad(set_to_none=True)
        call(module, x).sum().backward()
        if optimizes:
            optimizer.step()

    return step


def recurrent(kind, batch, steps, width, optimizes=True):
    return training(
        kind(width, width, batch_first=True), (batch, steps, width), lambda m, x: m(x)[0], optimizes)


def packed(kind, width):
    lengths = torch.tensor(CORPUS)
    pack = lambda x: nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    return training(
        kind(width, width, batch_first=True), (len(CORPUS), max(CORPUS), width), lambda m, x: m(pack(x))[0].data)


def encoder(width, heads, inner, dropout):
    return nn.TransformerEncoderLayer(
        width, heads, inner, dropout, activation="gelu", batch_first=True, norm_first=True)


def transformer(batch, steps, width, heads, inner, dropout=0.0):
    return training(encoder(width, heads, inner, dropout), (batch, steps, width), lambda m, x: m(x))


def padded(width, heads, inner, dropout=0.0):
    steps = max(CORPUS)
    mask = torch.arange(steps)[None, :] >= torch.tensor(CORPUS)[:, None]
    return training(
        encoder(width, heads, inner, dropout), (len(CORPUS), steps, width),
        lambda m, x: m(x, src_key_padding_mask=mask))


def convolution(module, shape, backward):
    x = torch.randn(*shape, requires_grad=backward)

    def forward():
        with torch.no_grad():
            module(x)

    def both():
        module.zero_grad()
        x.grad = None
        module(x).sum().backward()

    return both if backward else forward


def images(backward=False):
    return convolution(nn.Conv2d(64, 64, 3, padding=1), (8, 64, 56, 56), backward)


def steps(backward=False):
    return convolution(nn.Conv1d(128, 128, 3, padding=1), (32, 128, 50), backward)


class Block(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, as torchvision's BasicBlock."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        kept = x if self.downsample is None else self.downsample(x)
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + kept)


class ResNet18(nn.Module):
    """torchvision's resnet18, which need not be installed."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for group, outputs in enumerate([64, 128, 256, 512]):
            first = Block(inputs, outputs, 2 if group else 1)
            setattr(self, f"layer{group + 1}", nn.Sequential(first, Block(outputs, outputs, 1)))
            inputs = outputs
        self.fc = nn.Linear(512, 1000)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def residual(backward=False):
    net, x = ResNet18().train(backward), torch.rand(8, 3, 224, 224) * 2 - 1
    labels = torch.arange(8) * 97

    def forward():
        with torch.no_grad():
            net(x)

    def both():
        net.zero_grad(set_to_none=True)
        F.cross_entropy(net(x), labels, reduction="sum").backward()

    return both if backward else forward


class Row:
    """A name of pyhealth-bench, what PyTorch does, and the target: a ratio, or microseconds and PyTorch's then."""

    def __init__(self, name, make, ratio=None, avx2_ratio=None, limit=None, then=None, avx2_factor=1.0):
        self.name, self.make, self.ratio, self.avx2_ratio = name, make, ratio, avx2_ratio
        self.limit, self.then, self.avx2_factor = limit, then, avx2_factor

    def judge(self, level, torch_seconds, own_seconds):
        """The target as text, and whether it is met."""
        ratio = torch_seconds / own_seconds
        if self.limit is not None:
            limit = self.limit * (self.avx2_factor if level == "avx2" else 1)
            needed = self.then / limit
            met = "yes" if own_seconds * 1e6 <= limit else "as a ratio" if ratio >= needed else "no"
            return f"<= {limit:.0f} us ({needed:.1f}x)", met
        needed = self.avx2_ratio if level == "avx2" and self.avx2_ratio else self.ratio
        if needed is None:
            return "-", "-"
        return f">= {needed:g}x", "yes" if ratio >= needed else "no"


def rows():
    found = [
        Row(f"product AB {m}x{n}x{k}", lambda m=m, n=n, k=k: product(m, n, k), 2, 1)
        for m, n, k in [(32, 128, 128), (256, 128, 384), (1600, 128, 512), (1024, 1024, 1024)]
    ]
    maps = [
        ("exp 1M", lambda: elementwise(torch.exp), 150, 595),
        ("tanh 1M", lambda: elementwise(torch.tanh), 125, 2028),
        ("sigmoid 1M", lambda: elementwise(torch.sigmoid), 170, 202),
        ("gelu 1M", lambda: elementwise(F.gelu), 190, 224),
        ("softmax rows of 64 1M", lambda: elementwise(lambda x: torch.softmax(x, -1), (16384, 64)), 300, 519),
        ("layer norm rows of 128 1M", layer_norm, 140, 420),
    ]
    found += [Row(n, make, limit=limit, then=then, avx2_factor=2.2) for n, make, limit, then in maps]
    found += [
        Row("dropout 205k", lambda: elementwise(lambda x: F.dropout(x, 0.1, True), (32, 50, 128)), 15),
        Row("adam 1M", lambda: adam(1 << 20, fused=True), limit=160, then=396),
        Row("adam 5M", lambda: adam(5 << 20), limit=5600, then=8000),
        Row("GRU B32 T50 H128", lambda: recurrent(nn.GRU, 32, 50, 128), 2.4),
        Row("GRU B32 T20 H64", lambda: recurrent(nn.GRU, 32, 20, 64), 4.5),
        Row("GRU B16 T10 H32", lambda: recurrent(nn.GRU, 16, 10, 32), 20),
        Row("GRU B32 corpus H128", lambda: packed(nn.GRU, 128)),
        Row("LSTM B32 T50 H128 without Adam", lambda: recurrent(nn.LSTM, 32, 50, 128, False), 1.3),
    ]
    wide = "D128 heads 4 FF512"
    found += [
        Row(f"transformer B32 T50 {wide}", lambda: transformer(32, 50, 128, 4, 512), 2.2),
        Row("transformer B32 T20 D64 heads 2 FF128", lambda: transformer(32, 20, 64, 2, 128), 2.8),
        Row("transformer B16 T10 D32 heads 1 FF64", lambda: transformer(16, 10, 32, 1, 64), 10),
        Row(f"transformer B32 corpus {wide}", lambda: padded(128, 4, 512), 5),
        Row(f"transformer B32 T50 {wide} dropout 0.1", lambda: transformer(32, 50, 128, 4, 512, 0.1), 2.2),
        Row(f"transformer B32 corpus {wide} dropout 0.1", lambda: padded(128, 4, 512, 0.1), 5),
    ]
    found += [
        Row("resnet18 224x224 B8 forward", residual, 1.1),
        Row("resnet18 224x224 B8 forward+backward", lambda: residual(backward=True), 1.1),
        Row("conv2d 3x3 64-64 56x56 B8 forward", images, limit=8500, then=14100),
        Row("conv2d 3x3 64-64 56x56 B8 forward+backward", lambda: images(backward=True), limit=29000, then=35000),
        Row("conv1d k3 128-128 T50 B32 forward", steps, 1.5),
        Row("conv1d k3 128-128 T50 B32 forward+backward", lambda: steps(backward=True)),
    ]
    return found


def seconds(run, runs):
    """The median CPU time of one repetition over `runs` runs of at least 20 ms."""
    run()
    repetitions = 1
    while True:
        start = time.process_time()
        for _ in range(repetitions):
            run()
        if time.process_time() - start >= 0.02:
            break
        repetitions *= 2
    times = []
    for _ in range(runs):
        start = time.process_time()
        for _ in range(repetitions):
            run()
        times.append((time.process_time() - start) / repetitions)
    return statistics.median(times)


def own(bench, command, options):
    arguments = [bench, command, "--format", "json", "--runs", str(options.runs)]
    arguments += ["--level", options.level] if options.level else []
    arguments += ["--only", options.only] if options.only else []
    return json.loads(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)


def spread(values):
    return f"{50 * (max(values) - min(values)) / statistics.median(values):.0f} %"


def print_table(table):
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    for number, line in enumerate(table):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench", help="pyhealth-bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=3, help="runs of each round")
    parser.add_argument("--level", help="avx2 or avx512; the machine's best by default")
    parser.add_argument(
        "--torch-avx2", action="store_true", help="PyTorch without AVX-512, as on processors that it does not know")
    parser.add_argument("--only", help="only shapes whose name contains this text")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    chosen = [(row, row.make()) for row in rows() if not options.only or options.only in row.name]
    theirs, ours, roofs, level = {}, {}, [], ""
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        for command in ("kernels", "layers"):
            report = own(options.bench, command, options)
            level = report["level"]
            roofs.append(report["roof"])
            for result in report["results"]:
                ours.setdefault(result["name"], []).append(result["median"])
        for row, run in chosen:
            theirs.setdefault(row.name, []).append(seconds(run, options.runs))
    table = [["shape", "PyTorch us", "+-", "here us", "+-", "ratio", "target", "met"]]
    for row, _ in chosen:
        if row.name not in ours:
            continue
        a, b = statistics.median(theirs[row.name]), statistics.median(ours[row.name])
        target, met = row.judge(level, a, b)
        table.append(
            [row.name, f"{a * 1e6:.1f}", spread(theirs[row.name]), f"{b * 1e6:.1f}", spread(ours[row.name]),
             f"{a / b:.2f}", target, met])
    peak = statistics.median(roof["gigaflops"] for roof in roofs)
    near = statistics.median(roof["nearGigabytesPerSecond"] for roof in roofs)
    print(f"PyTorch {torch.__version__} ({torch.backends.cpu.get_cpu_capability()}), here {level}; one thread; "
          f"roof {peak:.0f} GFLOP/s, {near:.0f} GB/s; medians of {options.rounds} rounds")
    print_table(table)


if __name__ == "__main__":
    main()
