"""Compares our endpoints with the endpoints of botocore, for every region in the data of botocore.

usage: endpoints.py PEER_MESSAGES

botocore evaluates its installed rule set and partitions. The result is a URL or an error message.
"""

import itertools
import sys

import botocore.session
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from common import Report, run_program

MINIMUM_SETS = 1300

# Regions that botocore does not list. Some match the pattern of a partition, the others match no partition.
UNLISTED = ["us-east-99", "cn-west-7", "us-gov-north-3", "us-iso-south-2", "eusc-de-west-9", "us-east1", "mars-1", "x"]


def regions(loader):
    """Returns the regions of all partitions, and the pseudo regions of all services."""
    partitions = loader.load_data("partitions")["partitions"]
    names = {region for partition in partitions for region in partition["regions"]}
    for partition in loader.load_data("endpoints")["partitions"]:
        names.update(partition["regions"])
        for service in partition["services"].values():
            names.update(service.get("endpoints", {}))
    return sorted(names)


def parameter_sets(names):
    flags = (False, True)
    for region, fips, dual_stack in itertools.product([None, *names, *UNLISTED], flags, flags):
        yield {"Region": region, "UseFIPS": fips, "UseDualStack": dual_stack}
    for region, fips, dual_stack in itertools.product([None, "us-east-1"], flags, flags):
        endpoint = "https://example.com:8443/base"
        yield {"Region": region, "UseFIPS": fips, "UseDualStack": dual_stack, "Endpoint": endpoint}


def resolve(provider, parameters):
    values = {name: value for name, value in parameters.items() if value is not None}
    try:
        return {"url": provider.resolve_endpoint(**values).url}
    except EndpointProviderError as error:
        return {"error": error.kwargs["msg"]}


def main(program):
    loader = botocore.session.get_session().get_component("data_loader")
    rules = loader.load_service_model("bedrock-runtime", "endpoint-rule-set-1")
    provider = EndpointProvider(rules, loader.load_data("partitions"))
    known = regions(loader)
    sets = list(parameter_sets(known))
    report = Report("endpoints")
    for parameters, ours in zip(sets, run_program([program, "endpoints"], sets), strict=True):
        report.check(f"{parameters}, found: ours, expected: botocore", ours, resolve(provider, parameters))
    report.end(f"{len(sets)} parameter sets of {len(known)} regions", MINIMUM_SETS)


if __name__ == "__main__":
    main(*sys.argv[1:])
