"""``holdfast kstatus``: the readiness of an object in a file, as kstatus computes it."""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "object", nargs="?", default="-", metavar="FILE", help="an object in YAML or JSON (default: stdin)"
    )


def run(args: argparse.Namespace) -> int:
    import time

    from holdfast.base.errors import Place, Stop
    from holdfast.health.kstatus import compute
    from holdfast.kube import yaml

    if args.object == "-":
        text = sys.stdin.read()
    else:
        with open(args.object, encoding="utf-8") as f:
            text = f.read()
    obj = yaml.load(text, source=args.object)
    if not isinstance(obj, dict):
        raise Stop("not an object: a mapping with apiVersion and kind is expected", place=Place(args.object))
    result = compute(obj, now=time.time())
    sys.stdout.write(
        yaml.dump(
            {
                "status": result.status.value,
                "message": result.message,
                "conditions": [
                    {"type": c.type, "status": c.status, "reason": c.reason, "message": c.message}
                    for c in result.conditions
                ],
            }
        )
    )
    return 0
