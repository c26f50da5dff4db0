"""What ``kustomize edit`` does to the data of a kustomization.

Every function takes the fields of a kustomization and changes them in place; texts of errors are kustomize's. Source: kustomize
``commands/edit``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from holdfast.base.globs import BadPattern, path_match
from holdfast.kustomize.errors import KustomizeError
from holdfast.kustomize.selectors import go_regex
from holdfast.kustomize.transformers.images import split

Data = dict[str, Any]

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
    entries: list[Any] = []
    done: set[str] = set()
    for entry in _items(data, "images"):
        name = _image_name(entry)
        if name not in wanted:
            entries.append(entry)
            continue
        _keep_starred(wanted[name], entry)
        # Of several entries for one image the last would win over what is asked for.
        if name not in done:
            entries.append(_image_entry(wanted[name]))
        done.add(name)
    entries += [_image_entry(image) for name, image in wanted.items() if name not in done]
    data["images"] = sorted(entries, key=_image_name) if _order_matters(entries) else entries


def _keep_starred(image: Data, entry: Data) -> None:
    for field in ("newName", "newTag", "digest"):
        if image.get(field) == "*":
            image[field] = entry.get(field, "")


def _image_entry(image: Data) -> Data:
    return {f: image[f] for f in ("name", "newName", "newTag", "digest") if image.get(f) not in (None, "", "*")}


def _image_name(entry: Any) -> str:
    return str(entry.get("name", "")) if isinstance(entry, dict) else ""


def _order_matters(entries: Sequence[Any]) -> bool:
    """Whether one entry changes images that another one is for. kustomize sorts entries by name; here they stay if they may."""
    names = [_image_name(entry) for entry in entries]
    if names == sorted(names):
        return False
    known = [entry for entry in entries if isinstance(entry, dict)]
    images = {(id(e), str(e[field])) for e in known for field in ("name", "newName") if e.get(field)}
    return any(_matches_image(_image_name(e), image) for e in known for owner, image in images if owner != id(e))


def _matches_image(name: str, image: str) -> bool:
    try:
        return go_regex(f"^{name}$").search_text(image)
    except KustomizeError:
        return False


def parse_image(argument: str) -> Data:
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
        if not equals or not re.fullmatch(r"[+-]?[0-9]+", count) or not -(2**63) <= int(count) < 2**63:
            raise KustomizeError("invalid format of replica, use the following format: <name>=<count>")
        wanted[name] = int(count)
    entries: list[Any] = []
    done: set[str] = set()
    for entry in _items(data, "replicas"):
        name = str(entry.get("name", "")) if isinstance(entry, dict) else ""
        if name not in wanted:
            entries.append(entry)
        elif name not in done:
            entries.append({"name": name, "count": wanted[name]})
        done.add(name)
    data["replicas"] = [*entries, *({"name": n, "count": c} for n, c in wanted.items() if n not in done)]


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
    if wanted.get("behavior"):
        entry["behavior"] = wanted["behavior"]
    if wanted.get("options"):
        entry["options"] = {**(entry.get("options") or {}), **wanted["options"]}


def find_generator(data: Data, field: str, name: str, namespace: str) -> Data | None:
    """The entry with this name and namespace, where no namespace means "default"."""
    for entry in data.get(field) or []:
        if entry.get("name", "") == name and _same_namespace(entry.get("namespace"), namespace):
            found: Data = entry
            return found
    return None


def _same_namespace(one: str | None, other: str) -> bool:
    return (one or "default") == (other or "default")


def set_generator(data: Data, field: str, kind: str, wanted: Data, new_namespace: str) -> None:
    """``set configmap`` and ``set secret``: other values for literals that are there, another namespace."""
    entry = find_generator(data, field, wanted["name"], wanted.get("namespace", ""))
    if entry is None:
        raise KustomizeError(f'could not set new {kind} value: unable to find {kind} with name "{wanted["name"]}"')
    if wanted.get("literals"):
        try:
            entry["literals"] = _updated_literals(entry.get("literals") or [], wanted["literals"])
        except KustomizeError as err:
            raise err.within("failed to update literal sources") from None
    if new_namespace:
        entry["namespace"] = new_namespace


def _updated_literals(known: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Of a key that is there several times the last value stays."""
    literals = dict(map(_literal, known))
    for literal in wanted:
        key, value = _literal(literal)
        if key not in literals:
            raise KustomizeError(f"key '{key}' not found in resource")
        literals[key] = value
    return [f"{key}={value}" for key, value in literals.items()]


def _literal(text: str) -> tuple[str, str]:
    if text.count("=") != 1:
        problem = "literal values must be specified in the key=value format"
        raise KustomizeError(f"failed to update resource: invalid format: {problem}: '{text}'")
    key, _, value = text.partition("=")
    return key, value


# remove


def remove_entries(data: Data, field: str, patterns: Sequence[str]) -> list[str]:
    """Remove the paths that match; returns the patterns that matched none."""
    known = data.get(field) or []
    unmatched = [p for p in patterns if not any(_matches(k, p) for k in known)]
    data[field] = [k for k in known if not any(_matches(k, p) for p in patterns)]
    _tidy(data, field)
    return unmatched


def _matches(path: str, pattern: str) -> bool:
    try:
        return path_match(pattern, path)
    except BadPattern as err:
        raise KustomizeError(f"{err}: '{pattern}'") from None


def remove_pairs(data: Data, field: str, keys: Sequence[str], kind: str, ignore_missing: bool) -> None:
    """``remove label`` (from commonLabels) and ``remove annotation``."""
    known = data.get(field)
    if known is None and not ignore_missing:
        raise KustomizeError(f"{field} is not defined in kustomization file")
    for key in keys:
        if key not in (known or {}) and not ignore_missing:
            raise KustomizeError(f"{kind} {key} is not defined in kustomization file")
        (known or {}).pop(key, None)
    _tidy(data, field)


def remove_patch(data: Data, patch: Data) -> bool:
    """``remove patch``; False where there is none like it."""
    if patch.get("patch") and patch.get("path"):
        raise KustomizeError("patch and path can't be set at the same time")
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
    entries = data.get(field) or []
    doomed = [e for e in entries if e.get("name", "") in names and _same_namespace(e.get("namespace"), namespace)]
    data[field] = [e for e in entries if not any(e is each for each in doomed)]
    _tidy(data, field)
    return [name for name in names if name not in {e.get("name", "") for e in doomed}]


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
