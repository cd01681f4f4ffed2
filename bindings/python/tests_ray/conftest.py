"""Fixtures of the tests with Ray. All calls go to a local endpoint in this process, also those of the actors."""

import os
import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).parents[1] / "tests"))
import redis_server  # noqa: E402

for _name in list(os.environ):
    if _name.startswith("AWS_") or _name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
        del os.environ[_name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

EMBEDDING = "amazon.titan-embed-text-v2:0"


@pytest.fixture(scope="session")
def cluster():
    """A local cluster. The number of CPUs is only a setting of its scheduler."""
    import ray

    settings = {"object_store_memory": 100_000_000, "include_dashboard": False, "log_to_driver": False}
    ray.init("local", num_cpus=4, logging_level="ERROR", **settings)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    # Otherwise, the blocks are in the order in which they are complete.
    context.execution_options.preserve_order = True
    yield ray
    ray.shutdown()


@pytest.fixture
def dataset(cluster):
    """A dataset of 200 rows in 8 blocks."""
    return cluster.data.from_items([{"id": n, "text": f"text {n}"} for n in range(200)], override_num_blocks=8)


@pytest.fixture
def run(cluster, local_endpoint, request):
    """Calls a model for each row of a dataset in four actors, and returns the rows."""
    from invoke_model.ray import InvokeModel

    # The workers cannot import the module of the test.
    cluster.cloudpickle.register_pickle_by_value(request.module)

    def run(dataset, **arguments):
        actors = cluster.data.ActorPoolStrategy(size=4)
        arguments = {"model_id": EMBEDDING, **local_endpoint.settings, **arguments}
        mapped = dataset.map_batches(
            InvokeModel, fn_constructor_kwargs=arguments, batch_size=10, compute=actors, num_cpus=0.5
        )
        return mapped.take_all()

    return run


@pytest.fixture(scope="session")
def redis(tmp_path_factory):
    """The URL of a Redis or Valkey server. Without a server, the test is skipped."""
    if redis_server.program() is None:
        if os.environ.get("REDIS_TESTS") == "required":
            pytest.fail("install redis-server or valkey-server")
        pytest.skip("neither redis-server nor valkey-server is installed")
    with redis_server.running(tmp_path_factory.mktemp("redis")) as url:
        yield url
