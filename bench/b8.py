"""B8: YAML with Go's meaning. A multi-document file of ordinary manifests, one in thirty ambiguous, loaded and dumped.

Right first: every ambiguous scalar and every string that needs quotes is checked against a written table before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import yaml as pyyaml

from bench.b8_data import AMBIGUOUS, QUOTED, manifests
from holdfast.kube.yaml import Dialect, dump, dump_all, load, load_all

TARGETS = {"load": 50.0, "dump": 100.0}


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench b8")
    parser.add_argument("--megabytes", type=float, default=5.0, help="size of the file (default 5)")
    parser.add_argument(
        "--repeat",
        type=int,
        default=5,
        help="runs of each measurement; the median of the processor time counts (default 5)",
    )
    args = parser.parse_args(argv)
    wrong = wrong_scalars() + wrong_strings()
    text = manifests(int(args.megabytes * 1e6)).encode()
    values = [document.value for document in load_all(text)]
    printed = dump_all(values)
    result: dict[str, Any] = {
        "bench": "b8",
        "megabytes": round(len(text) / 1e6, 2),
        "documents": len(values),
        "ambiguous": len(AMBIGUOUS),
        "quoted": len(QUOTED),
        "wrong": wrong,
        "load_mb_s": rate(len(text), lambda: load_all(text), args.repeat),
        "dump_mb_s": rate(len(printed), lambda: dump_all(values), args.repeat),
        "pyyaml_load_mb_s": rate(len(text), lambda: list(pyyaml.load_all(text, pyyaml.CSafeLoader)), 1),
    }
    report(result)
    return 1 if wrong else 0


def wrong_scalars() -> list[str]:
    wrong = []
    for text, (as_object, as_kyaml) in AMBIGUOUS.items():
        for dialect, expected in ((Dialect.OBJECT, as_object), (Dialect.KYAML, as_kyaml)):
            found = load(f"a: {text}\n", dialect=dialect)["a"]
            if found != expected or type(found) is not type(expected):
                wrong.append(f"{text} ({dialect.value}): {found!r}")
    return wrong


def wrong_strings() -> list[str]:
    return [
        repr(text) for text in QUOTED if dump({"a": text}) == f"a: {text}\n" or load(dump({"a": text})) != {"a": text}
    ]


def rate(size: int, work: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return round(size / 1e6 / statistics.median(times), 1)


def report(result: dict[str, Any]) -> None:
    print(f"B8  {result['documents']} documents, {result['megabytes']} MB; wrong: {len(result['wrong'])} of "
          f"{2 * result['ambiguous']} readings and {result['quoted']} strings")  # fmt: skip
    for name, target in TARGETS.items():
        print(f"  {name:5} {result[f'{name}_mb_s']:7.1f} MB/s   (target {target:.0f})")
    print(f"  PyYAML's C loader on the same file: {result['pyyaml_load_mb_s']} MB/s")
    print(json.dumps(result))
