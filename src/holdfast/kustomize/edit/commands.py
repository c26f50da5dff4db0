"""What ``kustomize edit`` does to the data of a kustomization.

Every function takes the data as it stands in the file and changes it in place; texts of errors are kustomize's. Source:
kustomize ``commands/edit``.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.transformers.images import split

Data = dict[str, Any]

FIELD_ORDER = (
    "apiVersion",
    "kind",
    "metadata",
    "sortOptions",
    "resources",
    "bases",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "crds",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "configMapGenerator",
    "secretGenerator",
    "helmCharts",
    "helmChartInflationGenerator",
    "helmGlobals",
    "generatorOptions",
    "vars",
    "images",
    "replacements",
    "replicas",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "components",
    "openapi",
    "buildMetadata",
)
BUILD_METADATA = ("originAnnotations", "transformerAnnotations", "managedByLabel")

_IMAGE_FORMS = """invalid format of image, use one of the following options:
- <image>=<newimage>:<newtag>
- <image>=<newimage>@<digest>
- <image>=<newimage>:<newtag>@<digest>
- <image>=<newimage>
- <image>:<newtag>
- <image>:<newtag>@<digest>
- <image>@<digest>"""


def _items(data: Data, field: str) -> list[Any]:
    found = data.get(field)
    if not isinstance(found, list):
        found = data[field] = []
    return found


def _texts(data: Data, field: str) -> dict[str, str]:
    found = data.get(field)
    if not isinstance(found, dict):
        found = data[field] = {}
    return found


def _tidy(data: Data, field: str) -> None:
    """A field that became empty goes away, as kustomize leaves empty fields out."""
    if not data.get(field):
        data.pop(field, None)


# set


def set_images(data: Data, arguments: Sequence[str]) -> None:
    """``set image``: new name, tag or digest by image; ``*`` keeps what is there."""
    if not arguments:
        raise KustomizeError("no image specified")
    wanted = {image["name"]: image for image in map(parse_image, arguments)}
    entries = _items(data, "images")
    for entry in entries:
        if isinstance(entry, dict) and (new := wanted.pop(str(entry.get("name", "")), None)) is not None:
            _overwrite_image(entry, new)
    entries += [{k: v for k, v in image.items() if v not in ("", "*")} for image in wanted.values()]


def _overwrite_image(entry: Data, new: Mapping[str, str]) -> None:
    for field in ("newName", "newTag", "digest"):
        value = new.get(field, "")
        if value == "*":
            continue
        if value:
            entry[field] = value
        else:
            entry.pop(field, None)
    entry.pop("tagSuffix", None)


def parse_image(argument: str) -> dict[str, str]:
    """The entry of ``images`` that an argument like ``app=registry/app:1.2`` means."""
    key, equals, value = argument.partition("=")
    name, tag, digest = split(value if equals else argument)
    if name == argument:
        raise KustomizeError(_IMAGE_FORMS)
    if equals:
        return {"name": key, "newName": name, "newTag": tag, "digest": digest}
    return {"name": name, "newTag": tag, "digest": digest}


def set_replicas(data: Data, arguments: Sequence[str]) -> None:
    """``set replicas name=count``."""
    if not arguments:
        raise KustomizeError("no replicas specified")
    wanted: dict[str, int] = {}
    for argument in arguments:
        name, equals, count = argument.partition("=")
        if not equals or not re.fullmatch(r"[+-]?[0-9]+", count):
            raise KustomizeError("invalid format of replica, use the following format: <name>=<count>")
        wanted[name] = int(count)
    entries = _items(data, "replicas")
    for entry in entries:
        if isinstance(entry, dict) and entry.get("name") in wanted:
            entry["count"] = wanted.pop(entry["name"])
    entries += [{"name": name, "count": count} for name, count in wanted.items()]


def set_text(data: Data, field: str, value: str) -> None:
    """``set namespace``, ``nameprefix``, ``namesuffix``."""
    if value:
        data[field] = value
    else:
        data.pop(field, None)


def parse_pairs(arguments: Iterable[str], kind: str) -> dict[str, str]:
    """``key:value`` arguments; the value may be in double quotes."""
    out: dict[str, str] = {}
    for argument in arguments:
        key, colon, value = argument.partition(":")
        if colon and not key:
            raise KustomizeError(f"invalid {kind}: '{argument}' (need k:v pair where v may be quoted)")
        if len(value) >= 2 and value[0] == value[-1] == '"':
            value = value[1:-1]
        out[key] = value
    return out


def set_pairs(data: Data, field: str, arguments: Sequence[str], kind: str) -> None:
    """``set label`` and ``set annotation``."""
    if not arguments:
        raise KustomizeError(f"must specify {kind}")
    _texts(data, field).update(parse_pairs(arguments, kind))


def set_build_metadata(data: Data, options: Sequence[str]) -> None:
    """``set buildmetadata``: exactly these options."""
    _check_build_metadata(options)
    data["buildMetadata"] = list(options)


def _check_build_metadata(options: Sequence[str]) -> None:
    for option in options:
        if option not in BUILD_METADATA:
            raise KustomizeError(f"invalid buildMetadata option: {option}; must be one of [{','.join(BUILD_METADATA)}]")


# add


def add_entries(data: Data, field: str, entries: Iterable[str]) -> list[str]:
    """Add paths to a list; returns those that were there already."""
    known = _items(data, field)
    already = []
    for entry in entries:
        if entry in known:
            already.append(entry)
        else:
            known.append(entry)
    _tidy(data, field)
    return already


def add_build_metadata(data: Data, options: Sequence[str]) -> None:
    """``add buildmetadata``."""
    _check_build_metadata(options)
    already = add_entries(data, "buildMetadata", options)
    if already:
        raise KustomizeError(f"buildMetadata option {already[0]} already in kustomization file")


def add_pairs(data: Data, field: str, arguments: Sequence[str], kind: str, force: bool) -> None:
    """``add label`` (into commonLabels) and ``add annotation``."""
    if not arguments:
        raise KustomizeError(f"must specify {kind}")
    _put_pairs(_texts(data, field), parse_pairs(arguments, kind), kind, force)


def _put_pairs(known: dict[str, str], pairs: Mapping[str, str], kind: str, force: bool) -> None:
    for key, value in pairs.items():
        if key in known and not force:
            raise KustomizeError(f"{kind} {key} already in kustomization file. Use --force to override.")
        known[key] = value


def add_plain_labels(data: Data, arguments: Sequence[str], force: bool, templates: bool) -> None:
    """``add label --without-selector``: into ``labels``."""
    if not arguments:
        raise KustomizeError("must specify label")
    entries = _items(data, "labels")
    pairs = parse_pairs(arguments, "label")
    for known in entries:
        same = bool(known.get("includeTemplates")) is templates and not known.get("includeSelectors")
        if same:
            _put_pairs(_texts(known, "pairs"), pairs, "label", force)
            return
    entry: Data = {"pairs": pairs}
    if templates:
        entry["includeTemplates"] = True
    entries.append(entry)


def add_patch(data: Data, patch: Data) -> bool:
    """``add patch``; False where it is there already."""
    if patch.get("patch") and patch.get("path"):
        raise KustomizeError("patch and path can't be set at the same time")
    if not patch.get("patch") and not patch.get("path"):
        raise KustomizeError("must provide either patch or path")
    known = _items(data, "patches")
    if patch in known:
        return False
    known.append(patch)
    return True


def add_generator(data: Data, field: str, wanted: Data) -> None:
    """``add configmap`` and ``add secret``: a new entry, or more sources in the one of that name."""
    entry = find_generator(data, field, wanted["name"], wanted.get("namespace", ""))
    if entry is None:
        _items(data, field).append({k: v for k, v in wanted.items() if v})
        return
    for name in ("literals", "files", "envs"):
        if wanted.get(name):
            entry[name] = [*(entry.get(name) or []), *wanted[name]]
    for name in ("behavior", "type"):
        if wanted.get(name):
            entry[name] = wanted[name]
    if wanted.get("options"):
        entry["options"] = {**(entry.get("options") or {}), **wanted["options"]}


def find_generator(data: Data, field: str, name: str, namespace: str) -> Data | None:
    """The entry with this name and namespace, where no namespace means "default"."""
    for entry in data.get(field) or []:
        same = (entry.get("namespace") or "default") == (namespace or "default")
        if isinstance(entry, dict) and entry.get("name") == name and same:
            return entry
    return None


def set_generator(data: Data, field: str, kind: str, wanted: Data, new_namespace: str) -> None:
    """``set configmap`` and ``set secret``: other values for literals that are there, another namespace."""
    entry = find_generator(data, field, wanted["name"], wanted.get("namespace", ""))
    if entry is None:
        raise KustomizeError(f'could not set new {kind} value: unable to find {kind} with name "{wanted["name"]}"')
    literals = list(entry.get("literals") or [])
    for literal in wanted.get("literals", []):
        key = literal.partition("=")[0]
        at = next((i for i, known in enumerate(literals) if known.partition("=")[0] == key), None)
        if at is None:
            raise KustomizeError(f"failed to update literal sources: key '{key}' not found in resource")
        literals[at] = literal
    if literals:
        entry["literals"] = literals
    if new_namespace:
        entry["namespace"] = new_namespace


# remove


def remove_entries(data: Data, field: str, patterns: Sequence[str]) -> list[str]:
    """Remove the paths that match; returns the patterns that matched none."""
    known = data.get(field) or []
    unmatched = [p for p in patterns if not any(_matches(k, p) for k in known)]
    data[field] = [k for k in known if not any(_matches(k, p) for p in patterns)]
    _tidy(data, field)
    return unmatched


def _matches(path: str, pattern: str) -> bool:
    return path == pattern or (path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern))


def remove_pairs(data: Data, field: str, keys: Sequence[str], kind: str, ignore_missing: bool) -> None:
    """``remove label`` and ``remove annotation``."""
    if not keys:
        raise KustomizeError(f"must specify {kind}")
    known = data.get(field) or {}
    lists = data.get("labels") or [] if kind == "label" else []
    for key in keys:
        found = known.pop(key, None) is not None
        for entry in lists:
            found = (entry.get("pairs") or {}).pop(key, None) is not None or found
        if not found and not ignore_missing:
            raise KustomizeError(f"{kind} {key} is not defined in kustomization file")
    if lists:
        data["labels"] = [e for e in lists if e.get("pairs")]
        _tidy(data, "labels")
    _tidy(data, field)


def remove_patch(data: Data, patch: Data) -> bool:
    """``remove patch``; False where there is none like it."""
    known = data.get("patches") or []
    kept = [p for p in known if p != patch]
    data["patches"] = kept
    _tidy(data, "patches")
    return len(kept) != len(known)


def remove_build_metadata(data: Data, options: Sequence[str]) -> None:
    """``remove buildmetadata``."""
    _check_build_metadata(options)
    remove_entries(data, "buildMetadata", options)


def remove_generators(data: Data, field: str, names: Sequence[str], namespace: str) -> list[str]:
    """``remove configmap`` and ``remove secret``; returns the names that there were none of."""
    missing = []
    for name in names:
        entry = find_generator(data, field, name, namespace)
        if entry is None:
            missing.append(name)
        else:
            data[field] = [e for e in data[field] if e is not entry]
    _tidy(data, field)
    return missing


# fix


def fix(data: Data, is_file: Any) -> None:
    """``fix``: deprecated fields into the ones that replaced them. ``is_file`` tells paths from inline patches."""
    data.setdefault("apiVersion", "kustomize.config.k8s.io/v1beta1")
    data.setdefault("kind", "Kustomization")
    for old, new in (("bases", "resources"), ("imageTags", "images"), ("patchesJson6902", "patches")):
        if old in data:
            moved = data.pop(old) or []
            if moved:
                _items(data, new).extend(moved)
    if "patchesStrategicMerge" in data:
        for patch in data.pop("patchesStrategicMerge") or []:
            _items(data, "patches").append({"path" if is_file(patch) else "patch": patch})
    if data.get("commonLabels"):
        _fix_labels(data)
    for field in ("configMapGenerator", "secretGenerator"):
        for entry in data.get(field) or []:
            if env := entry.pop("env", ""):
                entry["envs"] = [*(entry.get("envs") or []), env]


def _fix_labels(data: Data) -> None:
    common = data["commonLabels"]
    for entry in data.get("labels") or []:
        for key in entry.get("pairs") or {}:
            if key in common:
                raise KustomizeError(f"label name '{key}' exists in both commonLabels and labels")
    _items(data, "labels").append({"includeSelectors": True, "pairs": data.pop("commonLabels")})
