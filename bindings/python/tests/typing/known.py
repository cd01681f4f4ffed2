"""The known differences between this package and types-boto3, and between the stubs and the modules."""

_PROJECT = "projectIdentifier: NotRequired[str] instead of None"

# Definitions that differ from those of types-boto3.
DEFINITIONS = {
    # Members that botocore 1.44.8 has, and the release 1.43.62 of types-boto3 does not have.
    "dicts.ConverseRequestTypeDef": _PROJECT,
    "dicts.ConverseStreamRequestTypeDef": _PROJECT,
    "dicts.InvokeModelRequestTypeDef": _PROJECT,
    "dicts.InvokeModelWithResponseStreamRequestTypeDef": _PROJECT,
    # The targets of a failover.
    "dicts.ResponseMetadataTypeDef": (
        "OtherTargets: NotRequired[list[dict[str, str]]] instead of None; Target: NotRequired[str] instead of None"
    ),
    # Responses of the asyncio client.
    "dicts.ConverseStreamAsyncResponseTypeDef": "additional",
    "dicts.InvokeModelAsyncResponseTypeDef": "additional",
    "dicts.InvokeModelWithResponseStreamAsyncResponseTypeDef": "additional",
    # `AsyncBidirectionalStream.send` sends the events.
    "dicts.InvokeModelWithBidirectionalStreamRequestTypeDef": (
        "body: None instead of EventStream[InvokeModelWithBidirectionalStreamInputTypeDef]"
    ),
    # The client of boto3 does not have this method.
    "methods.invoke_model_with_bidirectional_stream": "missing",
    # The base classes have these attributes.
    "exceptions.ClientError": "missing",
    "methods.can_paginate": "missing",
    # The package has no presigned URLs.
    "methods.generate_presigned_url": "missing",
}

# Regular expressions for lines of stubtest.
STUBTEST = [
    # Private modules, some of which exist only for type checkers.
    r"^invoke_model\._",
    # stubtest compares an alias of several literals with a union.
    r"^invoke_model\.literals\.\w+ is not a (Union|recognised type alias)$",
    # The methods accept positional arguments to report them as boto3 does.
    r"Client\.\w+ is inconsistent, stub does not have \*args parameter",
    # An attribute of each instance.
    r"Client\.exceptions is not present at runtime$",
    # Constructors that only the package calls.
    r"\.(EventStream|Headers|InterceptorContext|Request|Response|StreamingBody)\.__init__ is inconsistent",
    # The parameters of the base class `IOBase` are positional.
    r"\.StreamingBody\.(readline|readlines) is inconsistent",
    r"^invoke_model\.exceptions\.\w+\.fmt is not present in stub$",
    r"^invoke_model\.__all__ is not present in stub$",
]
