"""Compares the training of four models with PyTorch on the same samples; called by `compare-with-torch training`.

PyTorch's side is the reference's stack: a list of samples, batches of 32 padded to their longest, an embedding per field,
packed GRUs, attention over the padded square, Adam over every parameter. Its time is that of its steps alone, for the first
--steps batches; ours is that of all our processes over a whole epoch, from their start to the checkpoint, validation included.
Both are CPU time on one core. PyTorch takes numbers below the smallest normal one as zero, as our way back does: gradients
of long samples fade, and products with such numbers are slow on some processors (--torch-subnormals leaves them).
"""
import argparse
import json
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
if "--torch-avx2" in sys.argv:
    # read when the libraries are loaded
    os.environ.update(
        ATEN_CPU_CAPABILITY="avx2", MKL_ENABLE_INSTRUCTIONS="AVX2", ONEDNN_MAX_CPU_ISA="AVX2")
import h5py
import torch
from torch import nn
from torch.nn.utils import rnn

WIDTH = 128
MODELS = {
    "MLP": ("{name: MLP, embedding_dim: 128, hidden_dim: 128}", 3),
    "GRU": ("{name: RNN, rnn_type: GRU, embedding_dim: 128, hidden_dim: 128}", 6),
    "Transformer": ("{name: Transformer, embedding_dim: 128}", 8),
    "RETAIN": ("{name: RETAIN, embedding_dim: 128}", 6),
}
JOB = """name: compare
dataset: {{name: mimic3, root: {corpus}}}
task: {{name: MortalityPredictionMIMIC3}}
split: {{by: patient, ratios: [0.7, 0.1, 0.2], seed: 0}}
model: {model}
trainer: {{epochs: 1, batch_size: 32, optimizer: Adam, optimizer_params: {{lr: 0.001}}, monitor: roc_auc}}
"""


class MeanEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH))

    def forward(self, x, mask):
        kept = mask.unsqueeze(-1)
        return self.layers((x * kept).sum(1) / kept.sum(1))


class GRUEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.dropout, self.net = nn.Dropout(0.5), nn.GRU(WIDTH, WIDTH, batch_first=True)

    def forward(self, x, mask):
        lengths = mask.sum(1)
        packed = rnn.pack_padded_sequence(
            self.dropout(x), lengths, batch_first=True, enforce_sorted=False)
        steps, _ = rnn.pad_packed_sequence(self.net(packed)[0], batch_first=True)
        return steps[torch.arange(len(x)), lengths - 1]


class TransformerEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(WIDTH) for _ in range(2)])
        self.linears = nn.ModuleList([nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4)])
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.dropouts = nn.ModuleList([nn.Dropout(p) for p in (0.1, 0.5, 0.5, 0.5)])

    def attention(self, x, mask):
        query, key, value = (linear(x) for linear in self.linears[:3])
        scores = query @ key.transpose(1, 2) / WIDTH**0.5
        pairs = mask.unsqueeze(1) & mask.unsqueeze(2)
        weights = torch.softmax(scores.masked_fill(~pairs, -1e9), -1)
        return self.linears[3](self.dropouts[0](weights) @ value)

    def forward(self, x, mask):
        x = x + self.dropouts[1](self.attention(self.norms[0](x), mask))
        fed = self.narrow(nn.functional.gelu(self.wide(self.norms[1](x))))
        x = x + self.dropouts[2](fed * mask.unsqueeze(-1))
        return self.dropouts[3](x)[:, 0]


class RETAINEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.alpha, self.beta = (nn.GRU(WIDTH, WIDTH, batch_first=True) for _ in range(2))
        self.to_alpha, self.to_beta = nn.Linear(WIDTH, 1), nn.Linear(WIDTH, WIDTH)

    def forward(self, x, mask):
        x, lengths = self.dropout(x), mask.sum(1)
        backwards = torch.zeros_like(x)
        for place, length in enumerate(lengths.tolist()):
            backwards[place, :length] = x[place, :length].flip(0)
        packed = rnn.pack_padded_sequence(backwards, lengths, batch_first=True, enforce_sorted=False)
        alpha, _ = rnn.pad_packed_sequence(self.alpha(packed)[0], batch_first=True)
        beta, _ = rnn.pad_packed_sequence(self.beta(packed)[0], batch_first=True)
        weights = torch.softmax(self.to_alpha(alpha), 1)
        return (weights * torch.tanh(self.to_beta(beta)) * x).sum(1)


ENCODERS = {
    "MLP": MeanEncoder, "GRU": GRUEncoder, "Transformer": TransformerEncoder, "RETAIN": RETAINEncoder,
}


class Net(nn.Module):
    def __init__(self, encoder, sizes):
        super().__init__()
        self.embeddings = nn.ModuleList([nn.Embedding(size, WIDTH, padding_idx=0) for size in sizes])
        self.encoders = nn.ModuleList([encoder() for _ in sizes])
        self.fc = nn.Linear(WIDTH * len(sizes), 1)

    def forward(self, fields):
        parts = [
            encoder(embed(codes), codes != 0)
            for embed, encoder, codes in zip(self.embeddings, self.encoders, fields)]
        return self.fc(torch.cat(parts, 1))


def read(folder):
    """The training samples as [(codes of every field, label)], and the fields' vocabulary sizes."""
    fields = json.loads((folder / "processors.json").read_text())["fields"]
    inputs = [field for field in fields if field["role"] == "input"]
    label = next(field["name"] for field in fields if field["role"] == "output")
    found = []
    for part in sorted(folder.glob("part-*.h5")):
        with h5py.File(part) as file:
            columns = []
            for field in inputs:
                values = torch.from_numpy(file[field["name"]]["values"][:]).long()
                offsets = file[field["name"]]["offsets"][:]
                columns.append([values[a:b] for a, b in zip(offsets, offsets[1:])])
            labels = torch.from_numpy(file[label]["values"][:]).reshape(-1)
            for row, part_of in enumerate(file["split"][:]):
                if part_of == 0:
                    found.append(([column[row] for column in columns], labels[row]))
    return found, [len(field["state"]["vocabulary"]) for field in inputs]


def torch_rate(name, samples, sizes, steps):
    """Samples per CPU second of the first steps of an epoch."""
    net = Net(ENCODERS[name], sizes).train()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    loss = nn.BCEWithLogitsLoss()
    order = random.Random(1).sample(range(len(samples)), len(samples))
    batches = [order[start:start + 32] for start in range(0, len(order), 32)][:steps]
    start = time.process_time()
    for batch in batches:
        chosen = [samples[place] for place in batch]
        fields = [
            rnn.pad_sequence([codes[field] for codes, _ in chosen], batch_first=True)
            for field in range(len(sizes))]
        labels = torch.stack([label for _, label in chosen]).unsqueeze(1)
        optimizer.zero_grad()
        loss(net(fields), labels).backward()
        optimizer.step()
    return sum(map(len, batches)) / (time.process_time() - start)


def coordinator(commands, *arguments):
    """CPU seconds of the coordinator and its workers."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [f"{commands}/pyhealth-coord", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def own_run(commands, folder, job, *arguments):
    base = ["run", job, "--workers", 1, "--output", folder / "run", "--quiet"]
    return coordinator(commands, *base, *arguments)


def spread(values):
    return f"{50 * (max(values) - min(values)) / statistics.median(values):.0f} %"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commands", help="folder of pyhealth-coord and pyhealth-worker")
    parser.add_argument("--folder", default="bench/training", help="where corpus and runs go")
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=150, help="PyTorch's batches of each round")
    parser.add_argument("--only", help="one of " + ", ".join(MODELS))
    parser.add_argument("--torch-avx2", action="store_true", help="PyTorch without AVX-512")
    parser.add_argument("--torch-subnormals", action="store_true", help="PyTorch as it is when nobody asks")
    parser.add_argument("--format", choices=["table", "json"], default="table", help="json: every round's figures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    torch.set_flush_denormal(not options.torch_subnormals)
    folder = pathlib.Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    corpus = folder / f"corpus-{options.patients}"
    if not (corpus / "truth" / "truth.json").exists():
        coordinator(
            options.commands, "synthesize", "mimic3", "--patients", options.patients, "--seed", 1, "--output",
            corpus, "--quiet")
    chosen = {name: value for name, value in MODELS.items() if options.only in (None, name)}
    rates = {name: ([], []) for name in chosen}
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        for name, (model, _) in chosen.items():
            job = folder / "job.yaml"
            # what another run computed would not be computed again
            shutil.rmtree(folder / "run", ignore_errors=True)
            job.write_text(JOB.format(corpus=corpus.resolve(), model=model))
            own_run(options.commands, folder, job, "--until", "samples")
            samples, sizes = read(folder / "run" / "samples")
            cost = own_run(options.commands, folder, job, "--until", "train", "--set", f"seed={number + 1}")
            rates[name][0].append(torch_rate(name, samples, sizes, options.steps))
            rates[name][1].append(len(samples) / cost)
    if options.format == "json":
        print(json.dumps({name: {"torch": a, "here": b} for name, (a, b) in rates.items()}))
        return
    print(f"PyTorch {torch.__version__} ({torch.backends.cpu.get_cpu_capability()}), samples per CPU second, batch 32, "
          f"medians of {options.rounds} rounds")
    print("| model | PyTorch | +- | here | +- | ratio | target |\n|---|---|---|---|---|---|---|")
    for name, (theirs, ours) in rates.items():
        a, b = statistics.median(theirs), statistics.median(ours)
        ratio = statistics.median(y / x for x, y in zip(theirs, ours))
        print(f"| {name} | {a:.0f} | {spread(theirs)} | {b:.0f} | {spread(ours)} | {ratio:.2f} | "
              f">= {MODELS[name][1]}x |")


if __name__ == "__main__":
    main()
