"""Everything that can be changed in one place of a module: a comparison, a sign, a number, a condition. Pure."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

OTHER_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
}
OTHER_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module changed in one place: where, from what to what, and the whole of it."""

    line: int
    before: str
    after: str
    source: str


def mutants_of(source: str) -> Iterator[Mutant]:
    """Yield the module once for each change."""
    tree = ast.parse(source)
    idle = {id(each) for node in ast.walk(tree) for each in _of_no_consequence(node)}
    for at, node in enumerate(ast.walk(tree)):
        for which in range(0 if id(node) in idle else _changes(node)):
            changed = copy.deepcopy(tree)
            other = next(each for position, each in enumerate(ast.walk(changed)) if position == at)
            before = ast.unparse(other)
            _change(other, which)
            after = ast.unparse(other)
            if after != before:
                yield Mutant(getattr(node, "lineno", 0), before, after, ast.unparse(changed))


def _of_no_consequence(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what guards against mistakes of our own and decides nothing: how a record is kept, that lists are equal."""
    if isinstance(node, ast.ClassDef):
        yield from (each for decorator in node.decorator_list for each in ast.walk(decorator))
    if isinstance(node, ast.keyword) and node.arg == "strict":
        yield node.value


def _changes(node: ast.AST) -> int:
    """Tell in how many ways a node can be changed."""
    match node:
        case ast.Compare():
            return len(node.ops)
        case ast.BoolOp() | ast.BinOp() | ast.AugAssign():
            return int(type(node.op) in OTHER_OPERATORS and not isinstance(getattr(node, "left", None), ast.JoinedStr))
        case ast.UnaryOp(op=ast.Not()) | ast.IfExp() | ast.If():
            return 1
        case ast.comprehension():
            return len(node.ifs)
        case ast.Constant(value=bool() | int()):
            return 1
        case ast.Call(func=ast.Name(id=name)):
            return int(name in OTHER_NAMES)
    return 0


def _change(node: ast.AST, which: int) -> None:
    match node:
        case ast.Compare():
            node.ops[which] = OTHER_OPERATORS[type(node.ops[which])]()  # type: ignore[call-overload]
        case ast.BoolOp() | ast.BinOp() | ast.AugAssign():
            node.op = OTHER_OPERATORS[type(node.op)]()  # type: ignore[assignment]
        case ast.UnaryOp():
            node.op = ast.UAdd() if isinstance(node.operand, ast.Constant) else ast.Not()
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.IfExp() | ast.If():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case ast.comprehension():
            del node.ifs[which]
        case ast.Constant(value=bool() as truth):
            node.value = not truth
        case ast.Constant(value=int() as number):
            node.value = number + 1
        case ast.Call(func=ast.Name() as called):
            called.id = OTHER_NAMES[called.id]
