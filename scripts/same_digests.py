"""Whether samples and event stores are the same bytes however the work went; see scripts/same-digests."""

import argparse
import gzip
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import faults

TASKS = {
    "mimic3": ("mimic3", ["MortalityPredictionMIMIC3", "LengthOfStayPredictionMIMIC3"]),
    "mimic4": ("mimic4ehr", ["MortalityPredictionStageNetMIMIC4", "ReadmissionPredictionMIMIC4"]),
}


# Small stages may be over before anybody is killed in them: such a run is done once more.
TRIES = 8


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=400)
    parser.add_argument("--folder", type=pathlib.Path, help="on the disk; a temporary one by default")
    parser.add_argument("--memory", type=pathlib.Path, default=pathlib.Path("/dev/shm"), help="a folder in memory")
    parser.add_argument("--bin", type=pathlib.Path, help="the programs; a release build by default")
    options = parser.parse_args()
    bin = (options.bin or faults.commands()).resolve()
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="same-digests-") as disk, \
            tempfile.TemporaryDirectory(dir=options.memory, prefix="same-digests-") as memory:
        good = [check(bin, layout, pathlib.Path(disk), pathlib.Path(memory), options.patients) for layout in TASKS]
    sys.exit(0 if all(good) else 1)


def check(bin, layout, disk, memory, patients):
    """Runs one corpus in every way; prints a row per way and returns whether all are the same."""
    corpus = disk / layout
    subprocess.run([bin / "pyhealth-coord", "synthesize", layout, "--patients", str(patients), "--seed", "1",
                    "--output", corpus], check=True, stdout=subprocess.DEVNULL)
    packed = disk / f"{layout}-gz"
    pack(corpus, packed)
    other = ["--set", f"execution.shard_size={max(7, patients // 9)}"]
    small = ["--set", f"execution.shard_size={max(5, patients // 4)}"]
    pieces = ["--set", "execution.scan_mib=1"]
    ways = [
        ("1 worker", corpus, disk, 1, small, None),
        ("2 workers", corpus, disk, 2, small, None),
        ("3 workers", corpus, disk, 3, small, None),
        ("pieces of 1 MiB", corpus, disk, 2, small + pieces, None),
        ("packed tables", packed, disk, 2, small, None),
        ("other shard size", corpus, disk, 2, other, None),
        ("worker killed", corpus, disk, 2, small, "worker"),
        ("all killed, resumed", corpus, disk, 2, small, "all"),
        ("in memory", corpus, memory, 2, small, None),
        ("in memory, all killed", corpus, memory, 3, other, "all"),
    ]
    print(f"{layout}, {patients} patients")
    print(f"  {'way':22}  {'s':>6}  {'files':>5}  {'samples':8}  {'event store':11}")
    samples, stores, good = None, {}, True
    for number, (name, tables, place, workers, extra, kill) in enumerate(ways):
        output = place / f"{layout}-run-{number}"
        for _ in range(TRIES):
            shutil.rmtree(output, ignore_errors=True)
            start = time.monotonic()
            missed = run(bin, write_job(disk, layout, tables), output, workers, extra, kill)
            seconds = time.monotonic() - start
            if not missed:
                break
        files, store = published(output), event_store(output)
        samples = samples or files
        known = stores.setdefault(tuple(extra[:2]), store)
        same = (files == samples and len(files) >= 6, store == known and len(store) > 0)
        good = good and all(same) and not missed
        words = ["same" if one else "DIFFERS" for one in same]
        print(f"  {name:22}  {seconds:6.1f}  {len(files):5}  {words[0]:8}  {words[1]:11}"
              + (f"  NOT KILLED in {', '.join(missed)}" if missed else ""), flush=True)
        shutil.rmtree(output)
    return good


def pack(source, target):
    for path in source.rglob("*"):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".csv":
                with gzip.open(f"{copy}.gz", "wb", compresslevel=1) as out:
                    out.write(path.read_bytes())


def write_job(folder, layout, corpus):
    dataset, tasks = TASKS[layout]
    path = folder / f"{corpus.name}.yaml"
    lines = [f"dataset: {{name: {dataset}, root: {corpus}}}", "tasks:", *(f"  - {{name: {task}}}" for task in tasks)]
    path.write_text("\n".join(lines) + "\n")
    return path


def run(bin, job, output, workers, extra, kill):
    """One run to its end; with `kill` a worker, or the coordinator with all workers, is killed in each of some stages.

    Returns the stages that were over before anybody was killed in them."""
    one = faults.Run(bin, job, output, workers, ["--until", "samples", *extra])
    stages = {None: [], "worker": ["scan", "events", "extract", "encode"], "all": ["scan", "extract"]}[kill]
    missed = []
    one.start()
    while True:
        status = one.coordinator.poll()
        if status == 0:
            return missed + stages
        if status is not None and status not in faults.RETRY and status != -signal.SIGKILL:
            sys.exit(f"{output.name}: ended with {status}: {pathlib.Path(f'{output}.out').read_text()[-2000:]}")
        if status is not None:
            one.start()
        if stages and one.stage() == stages[0]:
            victims = one.processes()[: 1 if kill == "worker" else None]
            if victims:
                if kill == "all":
                    one.coordinator.kill()
                    one.coordinator.wait()
                for pid in victims:
                    faults.kill(pid)
                stages.pop(0)
        elif stages and status is None and one.stage() in faults_after(stages[0]):
            missed.append(stages.pop(0))
        time.sleep(0.001)


def faults_after(stage):
    """The stages behind `stage`: it was over before anybody looked."""
    order = ["inspect", "scan", "events", "extract", "fit", "encode"]
    return order[order.index(stage) + 1:]


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def published(output):
    """What samples are made of; manifests hold ids of stages, which depend on sizes."""
    names = [path for path in sorted((output / "samples").rglob("*")) if path.is_file() and path.name != "manifest.json"]
    return {str(path.relative_to(output)): digest(path) for path in names}


def event_store(output):
    """The event store's files in order; names tell attempts, which differ."""
    shards = {}
    for path in sorted((output / "stage").rglob("*.events.h5")):
        shards.setdefault(path.name.split(".")[0], set()).add(digest(path))
    return shards


if __name__ == "__main__":
    os.chdir(faults.ROOT)
    main()
