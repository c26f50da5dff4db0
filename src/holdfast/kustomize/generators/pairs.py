"""Keys and values for ConfigMaps and Secrets: from literals, files and env files.

Example: literal ``a='b'`` gives ``b`` for ``a``; file ``app.ini=conf/prod.ini`` gives that file's content for ``app.ini``.
Source: kustomize ``api/kv``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.loader import Loader
from holdfast.kustomize.scalars import quoted

Pairs = list[tuple[str, bytes]]
_BOM = b"\xef\xbb\xbf"


def load_pairs(loader: Loader, args: Mapping[str, Any]) -> Pairs:
    """All pairs in kustomize's order: env files, literals, files."""
    out: Pairs = []
    for field, what, read in (
        ("envs", "env source files:", _from_env_files),
        ("literals", "literal sources", _from_literals),
        ("files", "file sources:", _from_files),
    ):
        sources = args.get(field, [])
        try:
            out += read(loader, sources)
        except KustomizeError as err:
            raise err.within(f"{what} [{' '.join(sources)}]") from None
    return out


def _from_literals(_: Loader, sources: list[str]) -> Pairs:
    out: Pairs = []
    for source in sources:
        key, equals, value = source.partition("=")
        if not key or not equals:
            raise KustomizeError(f"invalid literal source {source}, expected key=value")
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        out.append((key, value.encode()))
    return out


def _from_files(loader: Loader, sources: list[str]) -> Pairs:
    out: Pairs = []
    for source in sources:
        key, path = split_file_source(source)
        out.append((key, loader.load(path)))
    return out


def split_file_source(source: str) -> tuple[str, str]:
    """(key, path) of ``key=path`` or of a path alone."""
    count = source.count("=")
    if count == 0:
        return posixpath.basename(source.rstrip("/")) or ("/" if source else "."), source
    if count == 1 and source.startswith("="):
        path = quoted(source[1:])
        raise KustomizeError(f"missing key name for file path {path} in source {quoted(source)}")
    if count == 1 and source.endswith("="):
        key = quoted(source[:-1])
        raise KustomizeError(f"missing file path for key name {key} in source {quoted(source)}")
    if count > 1:
        raise KustomizeError(f"source {quoted(source)} key name or file path contains '='")
    key, _, path = source.partition("=")
    return key, path


def _from_env_files(loader: Loader, sources: list[str]) -> Pairs:
    out: Pairs = []
    for source in sources:
        for number, line in enumerate(loader.load(source).split(b"\n")):
            out += _from_line(line.removesuffix(b"\r"), number)
    return out


def _from_line(line: bytes, number: int) -> Pairs:
    if number == 0:
        line = line.removeprefix(_BOM)
    try:
        text = line.decode().lstrip()
    except UnicodeDecodeError:
        shown = line.decode("utf-8", "replace")
        raise KustomizeError(f"line {list(line)} has invalid utf8 bytes : {shown}") from None
    if not text or text.startswith("#"):
        return []
    key, _, value = text.partition("=")
    return [(key, value.encode())] if key else []
