"""``holdfast helm repo add|list|update|remove``: the repositories that charts may be named by, in Helm's own file."""

from __future__ import annotations

import argparse
import contextlib
import os
from typing import TYPE_CHECKING, Any

from holdfast.cli.helm_flags import add_global_flags, write_out
from holdfast.cli.helm_where import add_login_flags, home_of

if TYPE_CHECKING:
    from holdfast.source.helm_home import Home


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("add", "list", "ls", "update", "up", "remove", "rm"), help="what to do")
    parser.add_argument("words", nargs="*", metavar="NAME [URL]", help="add NAME URL; update and remove NAME...")
    add_global_flags(parser)
    add_login_flags(parser)
    parser.add_argument("--force-update", action="store_true", help="add: replace a repository of the same name")
    parser.add_argument("--pass-credentials", action="store_true", help="add: send the login to other hosts too")
    parser.add_argument("--no-update", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    home = home_of(args)
    {"add": _add, "list": _list, "ls": _list, "update": _update, "up": _update}.get(args.action, _remove)(home, args)
    return 0


def _read(home: Home) -> dict[str, Any]:
    from holdfast.kube import yaml

    try:
        with open(home.repository_config, "rb") as file:
            found = yaml.load(file.read(), source=home.repository_config)
    except FileNotFoundError:
        found = None
    return found or {"apiVersion": "", "generated": "0001-01-01T00:00:00Z", "repositories": []}


def _write(home: Home, document: dict[str, Any]) -> None:
    from holdfast.kube import yaml

    os.makedirs(os.path.dirname(home.repository_config) or ".", exist_ok=True)
    new = f"{home.repository_config}.new"
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(yaml.dump(document))
    os.replace(new, home.repository_config)


def _add(home: Home, args: argparse.Namespace) -> None:
    from dataclasses import replace

    from holdfast.base.errors import HoldfastError
    from holdfast.helm.errors import HelmError
    from holdfast.source.helm_home import Repository

    if len(args.words) != 2:
        raise HelmError('"helm repo add" requires 2 arguments\n\nUsage:  helm repo add [NAME] [URL] [flags]')
    name, url = args.words
    if "/" in name:
        raise HelmError(f"repository name ({name}) contains '/', please specify a different name without '/'")
    cert_file, key_file, ca_file = (_absolute(f) for f in (args.cert_file, args.key_file, args.ca_file))
    new = Repository(
        name,
        url,
        args.username,
        args.password,
        cert_file,
        key_file,
        ca_file,
        args.insecure_skip_tls_verify,
        args.pass_credentials,
    )
    known = next((r for r in home.repositories() if r.name == name), None)
    if known is not None and not args.force_update:
        if replace(known) != new:
            raise HelmError(f"repository name ({name}) already exists, please specify a different name")
        write_out(f'"{name}" already exists with the same configuration, skipping\n')
        return
    try:
        home.update(new)
    except HoldfastError as error:
        text = f'looks like "{url}" is not a valid chart repository or cannot be reached: {error.message}'
        raise HelmError(text) from None
    document = _read(home)
    rows = [r for r in document.get("repositories") or () if r.get("name") != name]
    _write(home, {**document, "repositories": [*rows, _row(new)]})
    write_out(f'"{name}" has been added to your repositories\n')


def _absolute(path: str) -> str:
    return os.path.abspath(path) if path else ""


def _row(repository: Any) -> dict[str, Any]:
    r = repository
    return {
        "name": r.name, "url": r.url, "username": r.username, "password": r.password, "certFile": r.cert_file,
        "keyFile": r.key_file, "caFile": r.ca_file, "insecure_skip_tls_verify": r.insecure,
        "pass_credentials_all": r.everywhere,
    }  # fmt: skip


def _list(home: Home, args: argparse.Namespace) -> None:
    from holdfast.helm.errors import HelmError

    known = home.repositories()
    if not known:
        raise HelmError("no repositories to show")
    rows = [("NAME", "URL"), *((r.name, r.url) for r in known)]
    wide = [max(len(row[i]) for row in rows) for i in (0, 1)]
    write_out("".join(f"{a.ljust(wide[0])}\t{b.ljust(wide[1])}\n" for a, b in rows))


def _update(home: Home, args: argparse.Namespace) -> None:
    from holdfast.helm.errors import HelmError
    from holdfast.source.helm_dependencies import update_repositories

    known = home.repositories()
    if not known:
        raise HelmError("no repositories found. You must add one before updating")
    for name in args.words:
        if all(r.name != name for r in known):
            raise HelmError(f"no repositories found matching '{name}'.  Nothing will be updated")
    write_out("Hang tight while we grab the latest from your chart repositories...\n")
    failed = update_repositories(home, [r for r in known if not args.words or r.name in args.words], write_out)
    if failed:
        raise HelmError(f"failed to update the following repositories: [{' '.join(failed)}]")
    write_out("Update Complete. ⎈Happy Helming!⎈\n")


def _remove(home: Home, args: argparse.Namespace) -> None:
    from holdfast.helm.errors import HelmError

    document = _read(home)
    if not document.get("repositories"):
        raise HelmError("no repositories configured")
    for name in args.words:
        rows = document["repositories"]
        kept = [r for r in rows if r.get("name") != name]
        if len(kept) == len(rows):
            raise HelmError(f'no repo named "{name}" found')
        document["repositories"] = kept
        _write(home, document)
        for path in (home.index_path(name), os.path.join(home.repository_cache, f"{name}-charts.txt")):
            with contextlib.suppress(OSError):
                os.unlink(path)
        write_out(f'"{name}" has been removed from your repositories\n')
