"""Reads the type definitions of a Python module without importing it, and compares those of two packages."""

import ast
from dataclasses import dataclass, field
from pathlib import Path

TYPE_DEFS = ("type_defs.py", "type_defs.pyi")
LITERALS = ("literals.py", "literals.pyi")


@dataclass
class Definitions:
    """The definitions of a package. Each value is a text that is equal for equal types."""

    literals: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    dicts: dict[str, dict[str, str]] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    exceptions: dict[str, str] = field(default_factory=dict)

    def count(self) -> int:
        """Returns the number of definitions."""
        return sum(len(group) for group in vars(self).values())


def read(package: Path, client: str) -> Definitions:
    """Reads the modules `literals`, `type_defs` and `client` of a package. `client` is the name of the class of the
    clients.
    """
    definitions = Definitions()
    reader = _Reader(definitions)
    for names in (LITERALS, TYPE_DEFS):
        path = next(package / name for name in names if (package / name).exists())
        reader.module(ast.parse(path.read_text(encoding="utf-8")))
    for name in ("client.pyi", "paginator.pyi"):
        if (package / name).exists():
            reader.classes(ast.parse((package / name).read_text(encoding="utf-8")), client)
    return definitions


def compare(ours: Definitions, theirs: Definitions) -> dict[str, str]:
    """Returns the differences: a text for each definition that differs."""
    differences = {}
    for kind, mine in vars(ours).items():
        other = getattr(theirs, kind)
        for name in sorted(mine.keys() | other.keys()):
            if mine.get(name) != other.get(name):
                differences[f"{kind}.{name}"] = _difference(mine.get(name), other.get(name))
    return differences


def _difference(mine: str | dict[str, str] | None, other: str | dict[str, str] | None) -> str:
    if mine is None:
        return "missing"
    if other is None:
        return "additional"
    if isinstance(mine, dict) and isinstance(other, dict):
        keys = [key for key in sorted(mine.keys() | other.keys()) if mine.get(key) != other.get(key)]
        return "; ".join(f"{key}: {mine.get(key)} instead of {other.get(key)}" for key in keys)
    return f"{mine} instead of {other}"


class _Reader:
    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions

    def module(self, module: ast.Module) -> None:
        for node in module.body:
            if isinstance(node, ast.ClassDef):
                self.definitions.dicts[node.name] = {
                    item.target.id: self.type(item.annotation)
                    for item in node.body
                    if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
                }
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.assignment(node.targets[0].id, node.value)

    def assignment(self, name: str, value: ast.expr) -> None:
        if isinstance(value, ast.Call) and isinstance(value.args[1], ast.Dict):
            pairs = zip(value.args[1].keys, value.args[1].values, strict=True)
            self.definitions.dicts[name] = {
                str(key.value): self.type(annotation)
                for key, annotation in pairs
                if isinstance(key, ast.Constant)
            }
        elif name.endswith("TypeDef"):
            self.definitions.aliases[name] = self.type(value)
        elif name.endswith("Type"):
            self.definitions.literals[name] = self.type(value)

    def classes(self, module: ast.Module, client: str) -> None:
        for node in module.body:
            if not isinstance(node, ast.ClassDef):
                continue
            if node.name == "Exceptions":
                for item in node.body:
                    if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                        self.definitions.exceptions[item.target.id] = "type[ClientError]"
            elif node.name == client or node.name.endswith("Paginator"):
                owner = "" if node.name == client else f"{node.name}."
                for item in node.body:
                    if isinstance(item, ast.FunctionDef):
                        self.definitions.methods[owner + item.name] = self.signature(item)

    def signature(self, function: ast.FunctionDef) -> str:
        arguments = [
            f"{argument.arg}: {self.type(argument.annotation)}" for argument in function.args.args[1:]
        ]
        if function.args.kwarg:
            arguments.append(f"**{self.type(function.args.kwarg.annotation)}")
        return f"({', '.join(arguments)}) -> {self.type(function.returns)}"

    def type(self, node: ast.expr | None) -> str:
        """Returns the text of a type. A name of a literal is replaced by its values."""
        match node:
            case None:
                return "None"
            case ast.Constant(value=str(text)):
                return self.type(ast.parse(text, mode="eval").body)
            case ast.Name(id=name):
                return self.definitions.literals.get(name, name)
            case ast.Subscript(value=ast.Name(id="Literal"), slice=values):
                members = values.elts if isinstance(values, ast.Tuple) else [values]
                return f"Literal[{', '.join(sorted(ast.unparse(member) for member in members))}]"
            case ast.Subscript(value=ast.Name(id=name), slice=inner):
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                arguments = [self.type(part) for part in parts]
                if name == "Union":
                    arguments.sort()
                return f"{name}[{', '.join(arguments)}]"
            case _:
                return ast.unparse(node)
