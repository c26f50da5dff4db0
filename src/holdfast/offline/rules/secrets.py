"""Rules about what must not stand in Git, and about encrypted files that nobody could decrypt."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from holdfast.base.errors import HoldfastError, Place
from holdfast.base.tree import EntryKind
from holdfast.kube import yaml
from holdfast.kube.refs import Manifest, ObjectRef
from holdfast.offline.findings import Finding
from holdfast.offline.placeholders import PLACEHOLDER
from holdfast.offline.rules.index import Index, Key, containers, mapping, mappings, name_of
from holdfast.offline.unit import Survey


def plain_secrets(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for document in survey.documents:
        obj = document.object
        if obj["kind"] != "Secret" or obj["apiVersion"] != "v1" or "sops" in obj or _is_template(obj):
            continue
        for field in ("data", "stringData"):
            for key, value in mapping(obj.get(field)).items():
                if _secretive(str(key), value, encoded=field == "data"):
                    yield Finding.at(
                        "secret-in-plain-text",
                        index.lines.at(document.place, (field, str(key))),
                        f"Secret {name_of(obj)} has its value {key} in Git as plain text",
                        hint="encrypt it with sops, or make it with a SealedSecret or an ExternalSecret",
                    )
                    break
    yield from _generated(survey, index)


def _is_template(obj: Manifest) -> bool:
    return obj.get("type") == "kubernetes.io/service-account-token"


_FILL = re.compile(
    r"(\$\{[^}]+\}|<[^>]+>|\{\{.*\}\}|\s|avp\.kubernetes\.io.*|(op|vault|ref\+\w+|awssm|gcpsm):/?/?\S.*)+"
)


def _secretive(key: str, value: Any, *, encoded: bool) -> bool:
    """Whether a value is one: not empty, no variable that something fills in, and nothing that only configures."""
    text = str(value or "").strip()
    if encoded:
        text = _decoded(text)
    if not text or _FILL.fullmatch(text) or PLACEHOLDER in text or "${" in text:
        return False
    return not (_HARMLESS.search(key.lower()) and len(text) < 200 and not _PRIVATE.search(text.encode()))


_HARMLESS = re.compile(
    r"(^|[._-])(type|url|name|enableoci|insecure|project|username|user|host|port|email|endpoint|bucket|region|database)$"
)


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace").strip()
    except (binascii.Error, ValueError):
        return text


def _generated(survey: Survey, index: Index) -> Iterator[Finding]:
    """Literals of secret generators, and files of theirs that are not encrypted."""
    told = set()
    for unit in survey.units.values():
        for path, content in index.kustomizations(unit):
            for number, entry in mappings(content.get("secretGenerator")):
                literals = [str(x) for x in entry.get("literals") or () if _literal(str(x))]
                if literals and (path, number) not in told:
                    told.add((path, number))
                    place = index.lines.at(Place(path, 1), ("secretGenerator", number, "literals"))
                    text = f"secretGenerator {entry.get('name')} has its values in Git as plain text"
                    yield Finding.at("secret-in-plain-text", place, text, unit=str(unit.key))


def _literal(text: str) -> bool:
    key, _, value = text.partition("=")
    return _secretive(key, value.strip("'\""), encoded=False)


_PRIVATE = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----|^AGE-SECRET-KEY-1[0-9A-Z]{20,}", re.MULTILINE)


def private_keys(survey: Survey) -> Iterator[Finding]:
    """Key material in any file that a unit reads, or in any YAML file."""
    paths = {d.place.path for d in survey.documents}
    paths |= {
        p for u in survey.units.values() if u.rendered for p, s in u.rendered.reads.items() if s and p[-1:] != "/"
    }
    for path in sorted(paths):
        try:
            data = survey.tree.read(path)
        except OSError:
            continue
        match = _PRIVATE.search(data) if b"KEY" in data else None
        if match is not None and b"PRIVATE KEY-----\\n..." not in data:
            line = data.count(b"\n", 0, match.start()) + 1
            yield Finding.at("private-key-in-git", Place(path, line), "a private key stands in Git as plain text")


_TYPES = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def missing_keys(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.each("Secret"):
        have = {**mapping(obj.get("data")), **mapping(obj.get("stringData"))}
        lacking = [k for k in _TYPES.get(str(obj.get("type")), ()) if k not in have]
        if lacking:
            text = f"is of type {obj['type']} and has no {' and no '.join(lacking)}"
            yield index.finding("secret-keys-missing", unit, obj, text, "type")


# -- passwords in other places -------------------------------------------------------------------------------------------

_PASSWORD = re.compile(
    r"^(.*[a-z_.-])?(password|passwd|passphrase|secret_?key|api_?key|access_?key|auth_?token|access_?token|client_?secret|"
    r"bot_?token|private_?key|token)$"
)
_TOKEN = re.compile(
    r"gh[pousr]_\w{36}|github_pat_\w{22,}|glpat-[\w-]{20}|xox[abp]-[\w-]{20,}|AKIA[0-9A-Z]{16}|sk_live_\w{20,}"
)
"""Forms that providers give their tokens, so that they are recognised."""
_NAMES_ONE = re.compile(r"(name|key|ref|file|path|existing|policy|ttl|length|enabled|secret)$")


def passwords(survey: Survey) -> Iterator[Finding]:
    index = Index.of(survey)
    for unit, obj in index.objects:
        for path, container in containers(obj) if unit.key.kind != "HelmRelease" else ():
            for number, variable in mappings(container.get("env")):
                if _telling(str(variable.get("name") or ""), variable.get("value")):
                    text = f"has the value of {variable['name']} in Git as plain text"
                    yield index.finding("password-in-plain-text", unit, obj, text, *path, "env", number)
        if obj["kind"] == "ConfigMap" and unit.key.kind != "HelmRelease":
            for key, value in mapping(obj.get("data")).items():
                if _telling(str(key), value):
                    text = f"has {key} in Git as plain text"
                    yield index.finding("password-in-plain-text", unit, obj, text, "data", str(key))
        if obj["kind"] == "HelmRelease":
            for where in _in_values(mapping(mapping(obj.get("spec")).get("values")), ("spec", "values")):
                text = f"has {'.'.join(map(str, where[1:]))} in Git as plain text"
                hint = "take it from a Secret with valuesFrom"
                yield index.finding("password-in-plain-text", unit, obj, text, *where, hint=hint)


def _in_values(value: Any, path: tuple[Key, ...]) -> Iterator[tuple[Key, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(item, dict | list):
            yield from _in_values(item, (*path, key))
        elif _telling(str(key), item):
            yield (*path, key)


def _telling(name: str, value: Any) -> bool:
    """A name that says password and a value that looks like one; or a value that can be nothing else."""
    if isinstance(value, str) and _TOKEN.fullmatch(value):
        return True
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
    if not isinstance(value, str) or len(value) < 6 or not _PASSWORD.match(snake):
        return False
    if re.fullmatch(r"[A-Za-z0-9+/]{40}", value):
        return True
    if re.search(r"[${}<>%\s/]|\*\*|^x+$", value) or value.startswith(("ENC[", "vault:", "ref+", "op:", "secret:")):
        return False
    # The name of a key, of a variable or of a Secret rather than what is in it.
    if re.fullmatch(r"[A-Z][A-Z0-9_]*", value) or re.fullmatch(r"[a-z]+([-_.][a-z]+)+", value):
        return False
    return not re.fullmatch(r"(true|false|none|null|always|default)", value.lower())


# -- encryption --------------------------------------------------------------------------------------------------------


def missing_decryption(survey: Survey) -> Iterator[Finding]:
    """Encrypted objects in a unit that says nothing of decryption: they would be applied as they are, and refused."""
    index = Index.of(survey)
    encrypted = {d.place.path: d for d in survey.documents if isinstance(d.object.get("sops"), dict)}
    told = set()
    for unit in survey.units.values():
        if unit.rendered is None or unit.delivery is None or unit.delivery.policy.decryption is not None:
            continue
        for path in unit.rendered.reads:
            document = encrypted.get(path)
            if document is not None and (unit.key, path) not in told:
                told.add((unit.key, path))
                text = f"{ObjectRef.of(document.object)} is encrypted, and {unit.key} has no spec.decryption"
                hint = "add decryption: {provider: sops, secretRef: {name: sops-age}} to the unit"
                yield Finding.at("decryption-missing", index.field(unit, "spec"), text, unit=str(unit.key), hint=hint)


_MARKED = re.compile(r"\.(sops|enc|encrypted)\.ya?ml$")


def unencrypted_files(survey: Survey) -> Iterator[Finding]:
    """Files that .sops.yaml, or their own name, wants encrypted and that are not."""
    rules = list(_creation_rules(survey))
    for document in survey.documents:
        path, obj = document.place.path, document.object
        if "sops" in obj or (path.endswith(".sops.yaml") and path.rpartition("/")[2] == ".sops.yaml"):
            continue
        named = _MARKED.search(path) is not None
        ruled = any(r.search(path) for r in rules) and obj["kind"] == "Secret"
        if (named or ruled) and _has_content(obj):
            text = f"{ObjectRef.of(obj)} is not encrypted, though {'its file name' if named else '.sops.yaml'} says so"
            yield Finding.at("file-not-encrypted", document.place, text, hint=f"sops --encrypt --in-place {path}")


def _has_content(obj: Manifest) -> bool:
    return obj["kind"] == "Secret" and bool(obj.get("data") or obj.get("stringData"))


def _creation_rules(survey: Survey) -> Iterator[re.Pattern[str]]:
    entry = survey.tree.lookup(".sops.yaml")
    if entry is None or entry.kind is not EntryKind.FILE:
        return
    try:
        content = yaml.load(survey.tree.read(".sops.yaml"), source=".sops.yaml")
    except HoldfastError:
        return
    for _, rule in mappings(mapping(content).get("creation_rules")):
        try:
            if rule.get("path_regex"):
                yield re.compile(str(rule["path_regex"]))
        except re.error:
            continue
