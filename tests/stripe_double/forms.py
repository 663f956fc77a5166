"""Form bodies with nested keys, checked against the SDK's own types as Stripe would check them."""

import re
import types
import typing
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import typing_extensions
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject

from tests.stripe_double.errors import InvalidParameters

Tree = dict[str, Any]

# They travel in headers, never in the form.
OPTIONS = frozenset(RequestOptions.__annotations__)
UNIONS = (typing.Union, types.UnionType)
MARKERS = (typing.NotRequired, typing_extensions.NotRequired, typing.Required)


def parse(text: str) -> Tree:
    """`a[b][0]=c` as {'a': {'b': {'0': 'c'}}}; what is a list is decided by the types."""
    tree: Tree = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        steps = [step.rstrip("]") for step in key.split("[")]
        node = tree
        for step in steps[:-1]:
            found = node.setdefault(_index(node, step), {})
            if not isinstance(found, dict):
                raise InvalidParameters(f"Invalid object: {key}", param=key)
            node = found
        node[_index(node, steps[-1])] = value
    return tree


def checked(tree: Tree, params: type) -> Tree:
    """The parameters with their types; raises InvalidParameters as Stripe does."""
    found: Tree = _read(tree, params, "")
    return found


def _index(node: Tree, step: str) -> str:
    # `expand[]=a&expand[]=b`
    return step or str(len(node))


@lru_cache
def _fields(params: type) -> dict[str, Any]:
    own = {name: hint for name, hint in params.__annotations__.items() if name not in OPTIONS}
    # A stand-in without the options, whose names only a type checker could resolve.
    bare = type("Bare", (), {"__annotations__": own, "__module__": params.__module__})
    return typing.get_type_hints(bare, include_extras=True)


def _read(raw: Any, hint: Any, path: str) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in MARKERS:
        return _read(raw, inner[0], path)
    if origin in UNIONS:
        return _any_of(raw, inner, path)
    if origin is typing.Literal or origin is typing_extensions.Literal:
        if raw not in inner:
            known = ", ".join(map(str, inner))
            raise InvalidParameters(f"Invalid {path}: must be one of {known}", param=path)
        return raw
    if origin is list:
        if not isinstance(raw, dict) or list(raw) != [str(n) for n in range(len(raw))]:
            raise InvalidParameters("Invalid array", param=path)
        return [_read(item, inner[0], f"{path}[{n}]") for n, item in enumerate(raw.values())]
    if origin is dict:
        if not isinstance(raw, dict):
            raise InvalidParameters("Invalid object", param=path)
        return {
            key: _text(value, f"{path}[{key}]", may_be_empty=True) for key, value in raw.items()
        }
    if typing_extensions.is_typeddict(hint):
        return _object(raw, hint, path)
    return _plain(raw, hint, path)


def _any_of(raw: Any, hints: tuple[Any, ...], path: str) -> Any:
    # `Literal[...] | str` means in the SDK that more words may come; Stripe knows no others today.
    has_words = any(typing.get_origin(hint) in {typing.Literal} and "" not in typing.get_args(hint)
                    for hint in hints)  # fmt: skip
    refusal: InvalidParameters | None = None
    for hint in hints:
        if (has_words and hint is str) or typing.get_origin(hint) is UntypedStripeObject:
            continue
        try:
            return _read(raw, hint, path)
        except InvalidParameters as error:
            # The one that went deepest names the real fault.
            if refusal is None or len(error.error.get("param", "")) > len(
                refusal.error.get("param", "")
            ):
                refusal = error
    assert refusal is not None
    raise refusal


def _object(raw: Any, params: Any, path: str) -> Tree:
    if not isinstance(raw, dict):
        raise InvalidParameters("Invalid object", param=path)
    fields = _fields(params)
    for name in raw:
        if name not in fields:
            where = _below(path, name)
            raise InvalidParameters(
                f"Received unknown parameter: {where}", code="parameter_unknown", param=where
            )
    for name in params.__required_keys__ - OPTIONS:
        if name not in raw:
            raise missing(_below(path, name))
    return {name: _read(value, fields[name], _below(path, name)) for name, value in raw.items()}


def missing(path: str) -> InvalidParameters:
    return InvalidParameters(
        f"Missing required param: {path}.", code="parameter_missing", param=path
    )


def _plain(raw: Any, hint: Any, path: str) -> Any:
    text = _text(raw, path)
    if hint is bool:
        if text not in {"true", "false"}:
            raise InvalidParameters(f"Invalid boolean: {text}", param=path)
        return text == "true"
    if hint is int:
        if not re.fullmatch(r"-?\d+", text):
            raise InvalidParameters(
                f"Invalid integer: {text}", code="parameter_invalid_integer", param=path
            )
        return int(text)
    if hint in {Decimal, float}:
        try:
            return Decimal(text)
        except InvalidOperation as error:
            raise InvalidParameters(f"Invalid decimal: {text}", param=path) from error
    assert hint is str, f"{path}: the double knows no {hint}"
    return text


def _text(raw: Any, path: str, *, may_be_empty: bool = False) -> str:
    if not isinstance(raw, str):
        raise InvalidParameters(f"Invalid string: {raw}", param=path)
    if not raw and not may_be_empty:
        raise InvalidParameters(
            f"You passed an empty string for '{path}'. We assume empty values are an attempt to "
            f"unset a parameter; however '{path}' cannot be unset.",
            code="parameter_invalid_empty",
            param=path,
        )
    return raw


def _below(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name
