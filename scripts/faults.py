"""What scripts that injure a run share: a corpus, jobs, processes of a run, digests of its results."""

import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# 75: interrupted or in use, 69: nobody there; a batch system gives the same command again.
RETRY = (75, 69)


def commands():
    """The folder that PYHEALTH_BIN names, else that of the release build, made if it is not up to date."""
    os.environ.pop("OPENBLAS_CORETYPE", None)
    if os.environ.get("PYHEALTH_BIN"):
        return pathlib.Path(os.environ["PYHEALTH_BIN"]).resolve()
    environment = dict(os.environ)
    for product in ("pyhealth-coord", "pyhealth-worker"):
        subprocess.run(
            ["swift", "build", "-c", "release", "--product", product], cwd=ROOT, env=environment, check=True)
    shown = subprocess.run(
        ["swift", "build", "-c", "release", "--show-bin-path"], cwd=ROOT, env=environment, check=True,
        capture_output=True, text=True)
    return pathlib.Path(shown.stdout.strip())


def corpus(bin, folder, patients):
    """A synthetic MIMIC-III corpus; one that was not finished has no truth and is made again."""
    path = folder / f"mimic3-{patients}"
    if not (path / "truth" / "truth.json").exists():
        subprocess.run(["rm", "-rf", path], check=True)
        subprocess.run(
            [bin / "pyhealth-coord", "synthesize", "mimic3", "--patients", str(patients), "--seed", "1",
             "--output", path], check=True)
    return path


class Run:
    """A job's run, whose coordinator and workers can be injured."""

    def __init__(self, bin, job, output, workers, options=()):
        self.bin, self.output, self.workers = bin, pathlib.Path(output), workers
        self.command = [bin / "pyhealth-coord", "run", job, "--output", self.output, "--workers", str(workers),
                        "--quiet", *options]
        self.coordinator = None

    def start(self):
        """Starts a coordinator in a session of its own, so that its workers outlive it."""
        with open(f"{self.output}.out", "a") as out:
            self.coordinator = subprocess.Popen(self.command, stdout=out, stderr=out, start_new_session=True)

    def processes(self):
        """Process ids of the run's workers."""
        found = []
        needle = f"{self.output}/".encode()
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                words = pathlib.Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
                state = pathlib.Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if words and words[0].endswith(b"pyhealth-worker") and state != "Z":
                if any(needle in word for word in words) or self._belongs(int(entry)):
                    found.append(int(entry))
        return sorted(found)

    def _belongs(self, pid):
        # Sockets of long paths lie elsewhere: the run directory names its workers.
        try:
            status = self.status()
        except (OSError, ValueError):
            return False
        return any(worker.get("pid") == pid and worker.get("state") != "ended"
                   for worker in status.get("workers", []))

    def status(self):
        """The last status as a dictionary; empty before the first one."""
        shown = subprocess.run(
            [self.bin / "pyhealth-coord", "status", self.output, "--json"], capture_output=True, text=True)
        return json.loads(shown.stdout) if shown.returncode == 0 else {}

    def stage(self):
        """The stage that is open, by the log."""
        name = ""
        for event in self.log():
            if event["event"] == "stage-opened":
                name = event["name"]
        return name

    def log(self):
        """Events so far; a line that is being written is left out."""
        events = []
        try:
            text = (self.output / "log.jsonl").read_text()
        except OSError:
            return events
        for line in text.splitlines():
            try:
                events.append(json.loads(line))
            except ValueError:
                continue
        return events

    def end(self):
        """Ends whatever is left of the run."""
        if self.coordinator and self.coordinator.poll() is None:
            self.coordinator.kill()
            self.coordinator.wait()
        for pid in self.processes():
            kill(pid)


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def digests(output):
    """SHA-256 of everything that must not depend on what happened during the run."""
    output = pathlib.Path(output)
    names = sorted(
        [*output.glob("samples/*"), *output.glob("predictions/*"), output / "checkpoints/best.h5",
         output / "metrics.json", output / "history.csv", output / "attrition.csv"])
    return {str(name.relative_to(output)): hashlib.sha256(name.read_bytes()).hexdigest() for name in names}


def compare(reference, other):
    """Prints what differs; returns whether nothing does."""
    differing = [name for name in sorted(reference.keys() | other.keys()) if reference.get(name) != other.get(name)]
    for name in differing:
        print(f"DIFFERS  {name}")
    if not differing:
        print(f"the same bytes in all {len(reference)} files")
    return not differing


def wait_for(condition, seconds, what):
    """Looks until `condition` holds; fails by name if it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    sys.exit(f"after {seconds} s: {what}")
