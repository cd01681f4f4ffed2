"""Checks the minimum lengths and values of arguments, which the native module leaves to the service.

botocore checks them before it sends a request. This module only detects a violation. botocore then reports all problems
of the arguments.
"""

_NUMBERS = ("integer", "long", "float", "double")


def _children(shape):
    if shape.type_name == "structure":
        return list(shape.members.values())
    if shape.type_name == "list":
        return [shape.member]
    return [shape.key, shape.value] if shape.type_name == "map" else []


def _has_minimum(shape):
    return "min" in shape.metadata and shape.type_name in ("string", "list", *_NUMBERS)


def _limited_shapes(root):
    """Returns the names of the shapes that have a minimum, or contain a shape with a minimum."""
    shapes, rest = {}, [root]
    while rest:
        shape = rest.pop()
        if shape.name not in shapes:
            shapes[shape.name] = shape
            rest.extend(_children(shape))
    limited = {name for name, shape in shapes.items() if _has_minimum(shape)}
    while True:
        found = {
            name
            for name, shape in shapes.items()
            if name not in limited and any(child.name in limited for child in _children(shape))
        }
        if not found:
            return limited
        limited |= found


class Limits:
    """The minimum lengths and values of the arguments of an operation."""

    def __init__(self, input_shape):
        self._checks = {}
        self._limited = _limited_shapes(input_shape) if input_shape is not None else set()
        self._check = self._check_of(input_shape) if self._limited else None

    def are_met(self, arguments):
        """Returns `False` if an argument violates a limit. Ignores arguments of a wrong type."""
        return self._check is None or self._check(arguments)

    def _check_of(self, shape):
        """Returns the function that checks a value of a shape, or `None` if the shape has no limits."""
        if shape.name not in self._limited:
            return None
        if shape.name not in self._checks:
            # A shape can contain itself. This function calls the check of the shape, which does not exist yet.
            self._checks[shape.name] = lambda value: self._checks[shape.name](value)
            self._checks[shape.name] = getattr(self, f"_{shape.type_name}", self._number)(shape)
        return self._checks[shape.name]

    def _structure(self, shape):
        members = {name: self._check_of(member) for name, member in shape.members.items()}
        members = {name: check for name, check in members.items() if check is not None}

        def check(value):
            if isinstance(value, dict):
                for name in value:
                    member = members.get(name)
                    if member is not None and not member(value[name]):
                        return False
            return True

        return check

    def _list(self, shape):
        minimum, member = shape.metadata.get("min", 0), self._check_of(shape.member)

        def check(value):
            if not isinstance(value, (list, tuple)):
                return True
            return len(value) >= minimum and (member is None or all(map(member, value)))

        return check

    def _map(self, shape):
        key, item = self._check_of(shape.key), self._check_of(shape.value)

        def check(value):
            if not isinstance(value, dict):
                return True
            return (key is None or all(map(key, value))) and (item is None or all(map(item, value.values())))

        return check

    def _string(self, shape):
        minimum = shape.metadata["min"]
        return lambda value: not isinstance(value, str) or len(value) >= minimum

    def _number(self, shape):
        minimum = shape.metadata["min"]
        return lambda value: not isinstance(value, (int, float)) or value >= minimum
