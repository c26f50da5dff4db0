"""B10: memory with many live objects, and a restart after kill -9.

``python -m bench b10 [--units 1000] [--objects 10]``: peak and settled memory of the controller; then it is killed and started again,
and the time until every unit was looked at again, with the requests that took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.b5 import deliver
from bench.lab import Lab, difference, requests

READS = ("GET", "LIST", "WATCH")


async def measure(args: argparse.Namespace) -> dict[str, Any]:
    with Lab() as lab:
        async with lab.client() as client:
            took = await deliver(lab, client, args.units, args.objects)
            await asyncio.sleep(5)
            settled = resident(lab)
            peak = lab.peak_mib()
            restart = await _restart(lab, client, args.seconds)
            return {
                "bench": "b10",
                "units": args.units,
                "objects": args.units * args.objects,
                "install_s": round(took, 2),
                "peak_mib": round(peak, 1),
                "settled_mib": round(settled, 1),
                "restart": restart,
            }


def resident(lab: Lab) -> float:
    assert lab.controller is not None
    try:
        text = Path(f"/proc/{lab.controller.pid}/status").read_text()
    except OSError:
        return float("nan")
    match = re.search(r"VmRSS:\s+(\d+) kB", text)
    return int(match[1]) / 1024 if match else float("nan")


async def _restart(lab: Lab, client: Any, seconds: float) -> dict[str, Any]:
    """Kill, start, and wait until the processor is quiet again: then everything has been compared."""
    assert lab.controller is not None
    lab.controller.kill()
    lab.controller.wait()
    before, started = await requests(client), time.monotonic()
    lab.start()
    busy, last = 0.0, 0.0
    while time.monotonic() - started < seconds:
        await asyncio.sleep(0.1)
        cpu = lab.cpu_seconds()
        if cpu > last:
            last, busy = cpu, time.monotonic() - started
        elif time.monotonic() - started - busy > 2.0:
            break
    found = difference(await requests(client), before)
    return {
        "quiet_after_s": round(busy, 2),
        "cpu_s": round(last, 2),
        "requests": found,
        "writes": sum(v for k, v in found.items() if k not in READS),
        "resident_mib": round(resident(lab), 1),
    }


def main(argv: Sequence[str] = ()) -> int:
    parser = argparse.ArgumentParser(prog="bench b10")
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--objects", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60, help="how long to wait for the restart at most")
    result = asyncio.run(measure(parser.parse_args(list(argv))))
    again = result["restart"]
    print(
        f"{result['objects']} objects of {result['units']} units: {result['settled_mib']} MiB, peak {result['peak_mib']}"
    )
    print(
        f"restart after kill -9: quiet after {again['quiet_after_s']} s, {again['cpu_s']} s CPU, {again['writes']} writes "
        f"{again['requests']}, {again['resident_mib']} MiB"
    )
    print(json.dumps(result))
    return 0
