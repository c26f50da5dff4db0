"""``python -m bench bN [options]``: runs one benchmark and prints a table, then one line of JSON."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path


def main() -> int:
    names = sorted(path.stem for path in Path(__file__).parent.glob("b*.py") if re.fullmatch(r"b[0-9]+", path.stem))
    wanted = sys.argv[1].lower() if len(sys.argv) > 1 else ""
    if wanted not in names:
        print(f"usage: python -m bench {{{','.join(names)}}} [options]", file=sys.stderr)
        return 2
    return int(importlib.import_module(f"bench.{wanted}").main(sys.argv[2:]) or 0)


if __name__ == "__main__":
    sys.exit(main())
