"""``holdfast helm pull``: a chart archive from an http(s) address, kept or unpacked."""

from __future__ import annotations

import argparse
import os

_MAX_ARCHIVE = 100 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", help="an http(s) address of a .tgz")
    parser.add_argument("-d", "--destination", default=".", help="directory to write to")
    parser.add_argument("--untar", action="store_true", help="unpack the chart")
    parser.add_argument("--untardir", default=".", help="directory to unpack to")
    parser.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    from holdfast.helm.chart.archive import read_archive
    from holdfast.helm.chart.load import load_files
    from holdfast.helm.errors import HelmError

    if not args.address.startswith(("http://", "https://")):
        raise HelmError(f"only http and https addresses of archives can be pulled here, got: {args.address}")
    data = _fetch(args.address)
    files = read_archive(data)
    name = load_files(files).name
    if args.untar:
        _unpack(files, os.path.join(args.destination, args.untardir, name))
        return 0
    with open(os.path.join(args.destination, args.address.rpartition("/")[2].partition("?")[0]), "wb") as f:
        f.write(data)
    return 0


def _fetch(address: str) -> bytes:
    import urllib.request

    from holdfast.helm.errors import HelmError

    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            data: bytes = answer.read(_MAX_ARCHIVE + 1)
    except OSError as fault:
        raise HelmError(f"failed to fetch {address} : {fault}") from None
    if len(data) > _MAX_ARCHIVE:
        raise HelmError(f"{address} is bigger than {_MAX_ARCHIVE} bytes")
    return data


def _unpack(files: dict[str, bytes], top: str) -> None:
    from holdfast.helm.errors import HelmError

    if os.path.exists(top):
        raise HelmError(f"failed to untar: a file or directory with the name {top} already exists")
    # Names were checked when the archive was read: none of them leaves the chart.
    for path, data in files.items():
        target = os.path.join(top, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as f:
            f.write(data)
