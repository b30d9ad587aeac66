"""A search on a Ray cluster of several nodes finds what it finds on one machine, whatever becomes of the nodes."""

import dataclasses
import os
import socketserver
import threading
import time

import psutil
import pytest
import quick_trial
import search_job
from ray.cluster_utils import Cluster
from test_search_kills import assert_nothing_was_done_twice, finish, kill, start, trials

from keras_dl import UsageError
from keras_dl.search import Settings
from keras_dl.search.child import Limits
from keras_dl.search.ray_pool import RayPool

PRELOAD = ["search_job"]
NODE = {"num_cpus": 1, "object_store_memory": 80_000_000}


@pytest.fixture(scope="module")
def cluster(processes):
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    head = {**NODE, "num_cpus": 0, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(2):
        cluster.add_node(**NODE)
    yield cluster
    cluster.shutdown()


def ray_workers():
    """The processes of Ray that have a trial as their child."""
    return [child for child in psutil.Process().children(recursive=True) if child.name().startswith("ray::_run")]


def test_nodes_and_workers_that_die_change_nothing(processes, cluster, tmp_path):
    settings = dataclasses.replace(search_job.SETTINGS, oracle="hyperband", epochs=9, workers=2)
    finish(start(processes, tmp_path / "local", settings, search_job.QUICK))
    folder = tmp_path / "cluster"
    process = start(processes, folder, dataclasses.replace(settings, cluster=cluster.address), search_job.QUICK)
    while len(list(folder.glob("trials/*/result.json"))) < 2:
        assert process.exitcode is None
        time.sleep(0.05)
    (folder / quick_trial.HOLD).touch()
    for _ in range(2):
        cluster.add_node(**NODE)
        cluster.remove_node(min(cluster.worker_nodes, key=lambda node: node.node_id), allow_graceful=False)
    for _ in range(2):
        while not (workers := ray_workers()):
            assert process.exitcode is None
            time.sleep(0.05)
        kill(workers[0])
    (folder / quick_trial.HOLD).unlink()
    finish(process)
    assert trials(folder) == trials(tmp_path / "local")
    assert_nothing_was_done_twice(folder)


def test_a_real_trial_is_the_one_of_a_local_search(processes, cluster, tmp_path):
    settings = dataclasses.replace(search_job.SETTINGS, max_trials=1)
    finish(start(processes, tmp_path / "local", settings))
    finish(start(processes, tmp_path / "cluster", dataclasses.replace(settings, cluster=cluster.address)))
    assert trials(tmp_path / "cluster") == trials(tmp_path / "local")


def test_faults_cost_their_trial_alone(cluster, tmp_path):
    found = {}
    with RayPool("test_child:crash", Limits(), cluster.address, 2) as pool:
        assert cluster.list_all_nodes()
        for function in ("segfault", "hang", "good"):
            seconds = 2 if function == "hang" else 60
            pool._function, pool._limits = f"test_child:{function}", dataclasses.replace(pool._limits, seconds=seconds)
            (tmp_path / function).mkdir()
            pool.start(len(found), tmp_path / function)
            found[function] = pool.wait()[1]
        assert found["segfault"] == {"status": "failed", "reason": "killed by SIGSEGV", "died": True}
        assert found["hang"] == {"status": "failed", "reason": "took longer than 2 seconds", "died": True}
        assert found["good"] == {"status": "completed", "score": 0.5}

        pool.start(7, tmp_path / "elsewhere")
        with pytest.raises(UsageError, match="does not see the folder of trial 7; --out must be on a file system"):
            pool.wait()


def test_a_trial_gets_its_share_of_the_gpus(cluster, tmp_path):
    node = cluster.add_node(**NODE, num_gpus=4)
    try:
        for several, share in ((False, 1), (True, 2)):
            with RayPool("test_child:gpus", Limits(), cluster.address, 2, several_gpus=several) as pool:
                for number in range(2):
                    (folder := tmp_path / f"{several}-{number}").mkdir()
                    pool.start(number, folder)
                found = [pool.wait()[1]["gpus"].split(",") for _ in range(2)]
            assert [len(set(given)) for given in found] == [share, share], found
    finally:
        cluster.remove_node(node)


def test_leaving_the_pool_lets_trials_save(cluster, tmp_path):
    with pytest.raises(KeyboardInterrupt), RayPool("test_child:patient", Limits(), cluster.address, 1) as pool:
        pool.start(0, tmp_path)
        while not (tmp_path / "began").exists():
            time.sleep(0.05)
        raise KeyboardInterrupt
    assert (tmp_path / "saved").exists()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense"])
def test_no_cluster_is_one_line(address):
    message = f"no Ray cluster at {address}: .*; `ray start --head` starts one"
    with pytest.raises(UsageError, match=message) as refusal, RayPool("test_child:good", Limits(), address, 1):
        pass
    assert "\n" not in str(refusal.value)


def test_what_is_not_ray_is_one_line_and_no_more(monkeypatch, capfd):
    monkeypatch.setattr("keras_dl.search.ray_pool.SECONDS_TO_ANSWER", 1)
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.StreamRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_address[1]}"
        message = f"no Ray cluster at {address}: what answers there is something else"
        with pytest.raises(UsageError, match=message), RayPool("test_child:good", Limits(), address, 1):
            pass
        server.shutdown()
    assert capfd.readouterr() == ("", "")


def test_missing_ray_is_one_line(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ray" else name)
    with pytest.raises(UsageError, match=r"a cluster needs ray, which is missing; `pip install keras-dl\[distributed"):
        Settings(cluster="auto")
