"""``holdfast helm registry login|logout``: logins of registries, in Helm's own configuration."""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from holdfast.cli.helm_flags import add_global_flags
from holdfast.cli.helm_where import home_of

if TYPE_CHECKING:
    from holdfast.source.helm_home import Home


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("login", "logout"), help="what to do")
    parser.add_argument("host", help="the registry's host, with its port")
    add_global_flags(parser)
    parser.add_argument("-u", "--username", default="", help="user")
    parser.add_argument("-p", "--password", default="", help="password or identity token")
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    parser.add_argument("--insecure", action="store_true", help="trust any certificate")
    parser.add_argument("--plain-http", action="store_true", help="speak plain HTTP")
    for name in ("cert-file", "key-file", "ca-file"):
        parser.add_argument(f"--{name}", default="", help="a PEM file")


def run(args: argparse.Namespace) -> int:
    home = home_of(args)
    if args.action == "logout":
        return _logout(home, args.host)
    password = _password(args)
    _try(args, password)
    document = _read(home)
    auth = base64.b64encode(f"{args.username}:{password}".encode()).decode()
    _write(home, {**document, "auths": {**(document.get("auths") or {}), args.host: {"auth": auth}}})
    sys.stdout.write("Login Succeeded\n")
    return 0


def _logout(home: Home, host: str) -> int:
    from holdfast.helm.errors import HelmError

    document = _read(home)
    if host not in (document.get("auths") or {}):
        raise HelmError("not logged in")
    del document["auths"][host]
    _write(home, document)
    sys.stdout.write(f"Removing login credentials for {host}\n")
    return 0


def _password(args: argparse.Namespace) -> str:
    from holdfast.helm.errors import HelmError

    if args.password_stdin:
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if args.password:
        sys.stderr.write('level=WARN msg="using --password via the CLI is insecure. Use --password-stdin"\n')
        return str(args.password)
    if not sys.stdin.isatty():
        raise HelmError("password required")
    import getpass

    return getpass.getpass("Password: ")


def _try(args: argparse.Namespace, password: str) -> None:
    """Asks the registry whether it knows the login. Raises HoldfastError."""
    from holdfast.helm.errors import HelmError
    from holdfast.source.helm_home import way_out
    from holdfast.source.oci import Address, Login, RegistryError, Repository

    way = way_out(args.cert_file, args.key_file, args.ca_file, insecure=args.insecure)
    try:
        Repository(Address(args.host, ""), Login(args.username, password), plain=args.plain_http, way=way).ping()
    except RegistryError as error:
        raise HelmError(f'authenticating to "{args.host}": {error.message}') from None


def _read(home: Home) -> dict[str, Any]:
    try:
        with open(home.registry_config, encoding="utf-8") as file:
            return dict(json.load(file))
    except (FileNotFoundError, ValueError):
        return {}


def _write(home: Home, document: dict[str, Any]) -> None:
    os.makedirs(os.path.dirname(home.registry_config) or ".", exist_ok=True)
    new = f"{home.registry_config}.new"
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(document, indent="\t"))
    os.replace(new, home.registry_config)
