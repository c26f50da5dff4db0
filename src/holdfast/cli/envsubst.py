"""``holdfast envsubst``: post-build substitution of a file or stdin, as a Kustomization's ``postBuild`` does it."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vars", metavar="FILE", help="a JSON or YAML mapping of variables (default: the environment)")
    parser.add_argument("--strict", action="store_true", help="fail on a variable that is not set and has no default")
    parser.add_argument("input", nargs="?", default="-", metavar="FILE", help="the text to substitute (default: stdin)")


def run(args: argparse.Namespace) -> int:
    from holdfast.render.envsubst import substitute

    text = _read(args.input)
    sys.stdout.write(substitute(text, _variables(args.vars), strict=args.strict))
    sys.stdout.flush()
    return 0


def _read(path: str) -> str:
    if path == "-":
        return sys.stdin.read()
    with open(path, encoding="utf-8", newline="") as f:
        return f.read()


def _variables(path: str | None) -> dict[str, str]:
    if path is None:
        import os

        return dict(os.environ)
    from holdfast.base.errors import Place, Stop
    from holdfast.kube import yaml

    found = yaml.load(_read(path), source=path) or {}
    if not isinstance(found, dict):
        raise Stop("variables have to be a mapping from names to values", place=Place(path))
    return {str(k): _text(v) for k, v in found.items()}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
