"""Prints the service model of botocore for Bedrock Runtime, as JSON."""

import json
import sys

from botocore.loaders import Loader

# Exclude the default search paths, because they include ~/.aws/models, which can contain other models.
loader = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])
json.dump(loader.load_service_model("bedrock-runtime", "service-2"), sys.stdout)
