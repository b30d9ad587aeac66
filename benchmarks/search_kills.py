"""Searches that are killed at random moments: their workers, their drivers, everything at once, and parts of Ray.

Run it by `python benchmarks/search_kills.py --kills 50`. The searches and their trials, which only sleep, are those of
tests/search. Each oracle searches with 1 and with 2 workers here, and with 2 on a Ray cluster of several nodes here,
where a node may be killed or the worker of Ray alone that a trial belongs to, and takes its share of the kills. Prints
a line for each: the kills by whom they hit, the trials that had ended and are lost, those run twice, and whether all
trials are those of a search that was left alone; the goals are 0, 0 and yes.
Ends by the memory that a driver keeps for a trial, over 200 of them; the goal is less than 0.1 MB.
"""

import argparse
import collections
import dataclasses
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from multiprocessing import forkserver
from pathlib import Path

import psutil
from ray.cluster_utils import Cluster

from keras_dl import storage
from keras_dl.search.ledger import Ledger

TESTS = Path(__file__).parents[1] / "tests" / "search"
ORACLES = ("random", "bayesian", "hyperband", "grid")
RAY = ("driver", "node", "Ray worker")
NODE = {"num_cpus": 1, "object_store_memory": 80_000_000}


class Runs:
    """Starts searches as processes of a fork server, and kills what belongs to them."""

    def __init__(self, seed: int):
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["search_job"])
        self._moments = random.Random(seed)
        self._cluster = None

    def search(self, folder: Path, settings):
        process = self._context.Process(target=_search, args=(folder, settings))
        process.start()
        return process

    def cluster(self) -> Cluster:
        """A cluster of a head and two nodes that work."""
        if self._cluster is None:
            head = {**NODE, "num_cpus": 0, "include_dashboard": False}
            self._cluster = Cluster(initialize_head=True, head_node_args=head)
            for _ in range(2):
                self._cluster.add_node(**NODE)
        return self._cluster

    def kill(self, process, whom: str) -> bool:
        """Kill `whom`; False if it was not there."""
        if whom == "node":
            self._cluster.add_node(**NODE)
            victim = min(self._cluster.worker_nodes, key=lambda node: node.node_id)
            self._cluster.remove_node(victim, allow_graceful=False)
            return True
        if whom == "Ray worker":
            ours = psutil.Process().children(recursive=True)
            at_work = [process for process in ours if process.name().startswith("ray::_run")]
            for worker in at_work[:1]:
                worker.kill()
            return bool(at_work)
        server = psutil.Process(forkserver._forkserver._forkserver_pid)
        workers = [child for child in server.children() if child.pid != process.pid]
        if whom != "driver" and not workers:
            return False
        if whom != "worker":
            process.kill()
        for worker in {"driver": [], "worker": workers[:1], "everything": workers}[whom]:
            worker.kill()
        return True

    def survive(self, folder: Path, settings, kills: int, victims: tuple[str, ...]) -> collections.Counter:
        """Search in `folder` to the end through so many kills; return how many hit whom."""
        hit, whom = collections.Counter(), self._moments.choice(victims)
        while True:
            process = self.search(folder, settings)
            while process.exitcode is None and hit.total() < kills:
                process.join(self._moments.uniform(0.1, 0.8))
                if process.exitcode is None and (folder / "ledger.jsonl").exists() and self.kill(process, whom):
                    hit[whom] += 1
                    whom = self._moments.choice(victims)
            process.join()
            if process.exitcode == 0:
                return hit

    def close(self):
        if self._cluster is not None:
            self._cluster.shutdown()


def _search(folder: Path, settings) -> None:
    import search_job

    sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (for the life of this process)
    search_job.run(folder, settings, search_job.QUICK)


def trials(folder: Path) -> tuple[list, int, int]:
    """The trials in a ledger, how many ended ones are lost, and how many were run twice, wholly or in part."""
    header, *rows = storage.read_lines(folder / "ledger.jsonl")
    ended = collections.Counter(row["number"] for row in rows if row["status"] != "running")
    lost = twice = 0
    for result in folder.glob("trials/*/result.json"):
        epochs = json.loads(result.read_text())["epochs"]
        again = any(row["ended_before"] for row in storage.read_lines(result.with_name("starts.jsonl")))
        done = storage.read_lines(result.with_name("epochs.jsonl"))
        number = int(result.parent.name)
        lost += ended[number] == 0
        twice += ended[number] > 1 or again or done != list(range(epochs))
    found = Ledger(folder / "ledger.jsonl", header["header"], header["budget"]).trials
    return [dataclasses.replace(found[n], seconds=None, attempts=1) for n in sorted(found)], lost, twice


def memory_of_a_trial(runs: Runs, folder: Path, settings, count: int = 200) -> float:
    """MB by which the driver grows, a trial, from its 20th to its last."""
    process = runs.search(folder, dataclasses.replace(settings, max_trials=count, epochs=1, max_parameters=None))
    sizes: dict[int, float] = {}
    while process.exitcode is None:
        process.join(0.1)
        ended = len(list(folder.glob("trials/*/result.json")))
        try:
            sizes[ended] = psutil.Process(process.pid).memory_info().rss / 1e6
        except psutil.NoSuchProcess:
            break
    begin = min(n for n in sizes if n >= 20)
    end = max(n for n in sizes if sizes[n] > 1)
    return (sizes[end] - sizes[begin]) / (end - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50, help="in all")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

    from keras_dl.search import Settings

    base = Settings(max_trials=8, max_parameters=5000, seed=3, epochs=3, retries=1000)
    runs, folder = Runs(arguments.seed), Path(tempfile.mkdtemp())
    cases = [(oracle, workers, place) for place in ("here", "ray") for oracle in ORACLES for workers in (1, 2)]
    cases = [case for case in cases if case[1:] != (1, "ray")]
    shares = [arguments.kills // len(cases) + (n < arguments.kills % len(cases)) for n in range(len(cases))]
    row = "{:11}{:>8}{:>7}{:>7}  {:38}{:>5}{:>6}  {:5}{:>7}"
    print(row.format("oracle", "workers", "place", "kills", "of whom", "lost", "twice", "same", "seconds"))
    for (oracle, workers, place), kills in zip(cases, shares, strict=True):
        settings = dataclasses.replace(base, oracle=oracle, workers=workers)
        began, ours = time.monotonic(), folder / f"{oracle}-{workers}-{place}"
        runs.search(ours / "whole", settings).join()
        victims = ("worker", "driver", "everything")
        if place == "ray":
            settings, victims = dataclasses.replace(settings, cluster=runs.cluster().address), RAY
        hit = runs.survive(ours / "cut", settings, kills, victims)
        (expected, *_), (found, lost, twice) = trials(ours / "whole"), trials(ours / "cut")
        whom = ", ".join(f"{number} {name}" for name, number in sorted(hit.items()))
        same = "yes" if found == expected else "NO"
        seconds = round(time.monotonic() - began)
        print(row.format(oracle, workers, place, hit.total(), whom, lost, twice, same, seconds), flush=True)
    grown = memory_of_a_trial(runs, folder / "memory", base)
    print(f"the driver keeps {grown:.3f} MB for a trial, goal below 0.1")
    runs.close()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
