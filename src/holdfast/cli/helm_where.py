"""The flags that tell where a chart is, and the chart that a word on the command line means."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from holdfast.cli.helm_flags import load_path, write_out

if TYPE_CHECKING:
    from holdfast.helm.chart.model import Chart
    from holdfast.source.helm_fetch import Fetcher
    from holdfast.source.helm_home import Home

_HOME = ("registry-config", "repository-config", "repository-cache", "content-cache")


def add_login_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--username", default="", help="user of the chart repository or registry")
    parser.add_argument("--password", default="", help="password of that user")
    parser.add_argument("--cert-file", default="", help="our own certificate, a PEM file")
    parser.add_argument("--key-file", default="", help="the key of that certificate, a PEM file")
    parser.add_argument("--ca-file", default="", help="authorities to trust, a PEM file")
    parser.add_argument("--insecure-skip-tls-verify", action="store_true", help="trust any certificate")
    parser.add_argument("--plain-http", action="store_true", help="speak plain HTTP with registries")
    parser.add_argument("--verify", action="store_true", help="refused: signatures of charts are not checked yet")
    parser.add_argument("--keyring", default="", help=argparse.SUPPRESS)


def add_chart_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--version", default="", help="version of the chart, or a range; the newest without it")
    parser.add_argument("--repo", default="", help="address of the chart repository to look in")
    parser.add_argument("--devel", action="store_true", help="also versions before a release: --version '>0.0.0-0'")
    parser.add_argument("--pass-credentials", action="store_true", help="send user and password to other hosts too")
    add_login_flags(parser)


def home_of(args: argparse.Namespace) -> Home:
    from holdfast.app.helm_home import helm_home

    return helm_home({name: getattr(args, name.replace("-", "_"), "") for name in _HOME})


def fetcher_of(args: argparse.Namespace, *, to_stderr: bool = False) -> Fetcher:
    from holdfast.source.helm_fetch import ChartOptions, Fetcher

    refuse_verify(args)
    wanted = getattr(args, "version", "")
    options = ChartOptions(
        (wanted or (">0.0.0-0" if getattr(args, "devel", False) else "")).strip(),
        getattr(args, "repo", ""),
        args.username,
        args.password,
        args.cert_file,
        args.key_file,
        args.ca_file,
        args.insecure_skip_tls_verify,
        args.plain_http,
        getattr(args, "pass_credentials", False),
    )
    return Fetcher(home_of(args), options, say=_say_aside if to_stderr else write_out, warn=_warn)


def refuse_verify(args: argparse.Namespace) -> None:
    """A chart whose signature nobody checked must not look verified."""
    from holdfast.helm.errors import HelmError

    if args.verify:
        raise HelmError("--verify is not supported: Holdfast does not check the signatures of charts yet")


def _say_aside(text: str) -> None:
    sys.stderr.write(text)


def _warn(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def locate(word: str, args: argparse.Namespace) -> Chart:
    """A chart by path, by REPOSITORY/NAME, by --repo, or by address. Raises HoldfastError."""
    from holdfast.helm.chart.load import load_chart
    from holdfast.helm.errors import HelmError

    word = word.strip()
    if not args.repo:
        if os.path.exists(word):
            refuse_verify(args)
            return load_path(word)
        if os.path.isabs(word) or word.startswith("."):
            raise HelmError(f'path "{word}" not found')
    return load_chart(fetcher_of(args, to_stderr=True).fetch(word).data)
