"""``holdfast helm pull``: charts from repositories, registries and addresses, kept as archives or unpacked."""

from __future__ import annotations

import argparse
import os

from holdfast.cli.helm_flags import add_global_flags
from holdfast.cli.helm_where import add_chart_flags, fetcher_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("charts", nargs="+", metavar="CHART", help="REPOSITORY/NAME, NAME with --repo, or an address")
    add_global_flags(parser)
    add_chart_flags(parser)
    parser.add_argument("-d", "--destination", default=".", help="directory to write to")
    parser.add_argument("--untar", action="store_true", help="unpack the chart")
    parser.add_argument("--untardir", default=".", help="directory to unpack to, in the destination")
    parser.add_argument("--prov", action="store_true", help="refused: see --verify")


def run(args: argparse.Namespace) -> int:
    args.verify = args.verify or args.prov
    fetcher = fetcher_of(args)
    for word in args.charts:
        found = fetcher.fetch(word)
        if args.untar:
            _unpack(found.data, word, args)
        else:
            _write(os.path.join(args.destination, found.file), found.data)
    return 0


def _write(path: str, data: bytes) -> None:
    from holdfast.helm.errors import HelmError

    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        raise HelmError(f"open {path}: {(error.strerror or str(error)).lower()}") from None


def _unpack(data: bytes, word: str, args: argparse.Namespace) -> None:
    """Below the directory, under the chart's own name; Helm looks for a conflict under the last part of the reference."""
    from holdfast.helm.errors import HelmError

    top = args.untardir if os.path.isabs(args.untardir) else os.path.normpath(f"{args.destination}/{args.untardir}")
    asked = os.path.join(top, word.rpartition("/")[2]) if top != "." else word.rpartition("/")[2]
    if os.path.lexists(asked):
        raise HelmError(f"failed to untar: a file or directory with the name {asked} already exists")
    unpack(data, top)


def unpack(data: bytes, top: str) -> None:
    """The files of a chart below a directory, in one of the chart's name. Raises HelmError."""
    from holdfast.helm.chart.archive import read_archive
    from holdfast.helm.chart.load import load_files

    files = read_archive(data)
    place = os.path.join(top, load_files(files).name)
    # Names were checked when the archive was read: none of them leaves the chart.
    for path, content in files.items():
        target = os.path.join(place, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        _write(target, content)
