"""B1: one overlay of N resources, built by a cold command and warm in process, beside the real kustomize.

Apps with a Deployment, a Service and a generated ConfigMap; the overlay adds labels in selectors, images, two patches and a
name prefix. The peer's time grows worse than quadratically: choose with ``--peer-sizes`` how far it is run.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

from bench.kustomize_workload import (
    machine,
    ours,
    peer,
    peer_version,
    print_json,
    run_command,
    summary,
    timed,
    write_overlay,
)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench b1", description=__doc__)
    parser.add_argument("--sizes", default="100,1000,2000,4000")
    parser.add_argument("--peer-sizes", default="100,1000")
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args(argv)
    sizes = [int(s) for s in args.sizes.split(",")]
    peer_sizes = {int(s) for s in args.peer_sizes.split(",") if s}
    command = peer()
    result: dict[str, object] = {"bench": "b1", "machine": machine()}
    result["peer"] = peer_version(command) if command else None
    if command is None:
        print("kustomize is not installed: our side alone")
    rows = []
    with tempfile.TemporaryDirectory() as top:
        for size in sizes:
            overlay = write_overlay(Path(top) / str(size), size)
            rows.append(_row(size, overlay, command if size in peer_sizes else None, args.repeat))
    _print(rows)
    result["rows"] = rows
    result["exponent"] = _exponent(rows)
    print(f"growth exponent from {sizes[0]} to {sizes[-1]}: cold {_exponent(rows):.2f}")
    print_json(result)
    return 0


def _row(size: int, overlay: Path, command: str | None, repeat: int) -> dict[str, object]:
    own, theirs, own_cpu, theirs_cpu = [], [], [], []
    run_command([*ours(), "kustomize", "build", str(overlay)])  # compiles modules, once
    for _ in range(repeat):
        wall, cpu = run_command([*ours(), "kustomize", "build", str(overlay)])
        own.append(wall)
        own_cpu.append(cpu)
        if command is not None:
            wall, cpu = run_command([command, "build", str(overlay)])
            theirs.append(wall)
            theirs_cpu.append(cpu)
    row: dict[str, object] = {"resources": size, "cold": summary(own), "cold_cpu": summary(own_cpu)}
    row["warm"] = summary([_warm(overlay) for _ in range(repeat)])
    if theirs:
        row["peer"], row["peer_cpu"] = summary(theirs), summary(theirs_cpu)
        row["ratio"] = summary(theirs)["median"] / summary(own)["median"]
    return row


def _warm(overlay: Path) -> float:
    """One build in this process, from files to manifests."""
    from holdfast.cli.disk import QuickDiskTree
    from holdfast.kustomize import BuildOptions, build

    tree = QuickDiskTree("/")
    path = str(overlay.resolve()).lstrip("/")
    return timed(lambda: build(tree, path, BuildOptions()))


def _exponent(rows: list[dict[str, object]]) -> float:
    first, last = rows[0], rows[-1]
    if first is last:
        return math.nan
    times = [float(r["warm"]["median"]) for r in (first, last)]  # type: ignore[index]
    return math.log(times[1] / times[0]) / math.log(int(str(last["resources"])) / int(str(first["resources"])))


def _print(rows: list[dict[str, object]]) -> None:
    print(f"{'resources':>9} {'cold s':>8} {'spread':>15} {'warm s':>8} {'peer s':>9} {'ratio':>7}")
    for row in rows:
        cold, warm, other = row["cold"], row["warm"], row.get("peer")
        assert isinstance(cold, dict)
        assert isinstance(warm, dict)
        peer_text = f"{other['median']:9.2f}" if isinstance(other, dict) else f"{'-':>9}"
        ratio = row.get("ratio")
        ratio_text = f"{ratio:6.1f}x" if isinstance(ratio, float) else f"{'-':>7}"
        spread = f"{cold['min']:.3f}..{cold['max']:.3f}"
        print(
            f"{row['resources']!s:>9} {cold['median']:8.3f} {spread:>15} {warm['median']:8.3f} {peer_text} {ratio_text}"
        )


if __name__ == "__main__":
    import sys

    sys.exit(main(sys.argv[1:]))
