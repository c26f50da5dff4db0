"""What S3 servers say: pages of a listing, where a bucket is, and errors.

In: the XML of an answer. Out: plain values. A document with a type declaration is refused, so no entity is ever expanded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_plus
from xml.parsers import expat


class NotXML(ValueError):
    """The answer is no XML document, or one that declares a type."""


@dataclass(slots=True)
class Element:
    """Names are without namespaces: servers differ in them."""

    name: str
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Element]:
        return (c for c in self.children if c.name == name)

    def get(self, name: str) -> str:
        """The text of the first child of a name; empty where there is none."""
        return next((c.text for c in self.all(name)), "")


@dataclass(frozen=True, slots=True)
class Page:
    """Keys with their ETags, and the token of the next page; None on the last one."""

    objects: tuple[tuple[str, str], ...]
    next: str | None


def parse(data: bytes) -> Element:
    """Raises NotXML."""
    top = Element("")
    open_elements = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        element = Element(name.rpartition(" ")[2])
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(name: str) -> None:
        open_elements.pop()

    def characters(text: str) -> None:
        open_elements[-1].text += text

    def doctype(*declared: object) -> None:
        raise NotXML("a document type declaration is not allowed")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise NotXML(str(error)) from error
    return top.children[0]


def page(data: bytes) -> Page:
    """One answer to ListObjectsV2. Raises NotXML."""
    listing = parse(data)
    encoded = listing.get("EncodingType") == "url"
    objects = tuple((_name(o.get("Key"), encoded), unquoted(o.get("ETag"))) for o in listing.all("Contents"))
    if listing.get("IsTruncated") != "true":
        return Page(objects, None)
    token = listing.get("NextContinuationToken")
    if not token:
        raise NotXML("a truncated listing without a continuation token")
    return Page(objects, token)


def location(data: bytes) -> str:
    """The region of a bucket. Raises NotXML."""
    found = parse(data).text.strip()
    return {"": "us-east-1", "EU": "eu-west-1"}.get(found, found)


def unquoted(etag: str) -> str:
    """An ETag as indexes have it."""
    return etag.strip().removeprefix('"').removesuffix('"')


def _name(text: str, encoded: bool) -> str:
    return unquote_plus(text) if encoded else text
