"""Go's path and filepath (on Unix they agree)."""

from __future__ import annotations


def clean(path: str) -> str:
    if not path:
        return "."
    rooted = path.startswith("/")
    out: list[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part != "..":
            out.append(part)
        elif out and out[-1] != "..":
            out.pop()
        elif not rooted:
            out.append("..")
    joined = "/".join(out)
    return "/" + joined if rooted else joined or "."


def base(path: str) -> str:
    if not path:
        return "."
    trimmed = path.rstrip("/")
    return trimmed.rpartition("/")[2] or "/"


def directory(path: str) -> str:
    return clean(path[: path.rfind("/") + 1])


def extension(path: str) -> str:
    name = path.rpartition("/")[2]
    dot = name.rfind(".")
    return name[dot:] if dot >= 0 else ""


def is_absolute(path: str) -> bool:
    return path.startswith("/")


def join(*parts: str) -> str:
    kept = [p for p in parts if p]
    return clean("/".join(kept)) if kept else ""
