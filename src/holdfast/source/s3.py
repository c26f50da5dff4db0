"""A bucket of an S3-compatible server: whether it is there, what is in it, and its objects.

In: an endpoint, a name, keys (none: anonymous), a way out. Out: keys, ETags and bytes. Buckets are addressed by path. Errors
carry the server's own words; where it has none (HEAD), those of S3's documentation. All requests of a bucket share one time
limit, which ``restart`` starts again.
"""

from __future__ import annotations

import contextlib
import contextvars
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote, urlencode, urlsplit

from holdfast.base.errors import RetryLater
from holdfast.source import s3_answers
from holdfast.source.http import Answer, RequestFailed, WayOut, request
from holdfast.source.s3_signature import DATE_FORMAT, NO_BODY, Keys, authorization

AT_ONCE = 16
_DEFAULT_REGION = "us-east-1"
_AMAZON = re.compile(r"s3[.-](?:dualstack\.)?([a-z]+-[a-z-]+-\d)\.amazonaws\.com(?:\.cn)?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-_:]{1,61}[A-Za-z0-9]")
_ADDRESS = re.compile(r"(\d+\.){3}\d+")
_NO_BUCKET, _NO_KEY, _DENIED = "NoSuchBucket", "NoSuchKey", "AccessDenied"
_REGION_TOLD = ("AuthorizationHeaderMalformed", "InvalidRegion", _DENIED)
_WORDS = {
    _NO_BUCKET: "The specified bucket does not exist.",
    _NO_KEY: "The specified key does not exist.",
    _DENIED: "Access Denied.",
    "Conflict": "Bucket not empty.",
    "PreconditionFailed": "At least one of the pre-conditions you specified did not hold.",
}
_BY_STATUS = {403: _DENIED, 409: "Conflict", 412: "PreconditionFailed"}


class InvalidEndpoint(ValueError):
    """Not HOST or HOST:PORT."""


class S3Error(RetryLater):
    """The server refused, with its own code."""

    def __init__(self, message: str, code: str = "", region: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.region = region


class ObjectFailed(RetryLater):
    """An object could not be had; the message names it."""


@dataclass(frozen=True, slots=True)
class Object:
    data: bytes
    etag: str


class Bucket:
    """Used from several threads at once, except that ``exists`` comes first."""

    def __init__(
        self,
        endpoint: str,
        name: str,
        way: WayOut,
        *,
        keys: Keys | None = None,
        region: str = "",
        insecure: bool = False,
    ) -> None:
        self._root = root_of(endpoint, insecure=insecure)
        self._name = name
        self._way = way
        self._keys = keys
        self._region = region or _region_in(self._root)
        self._until = 0.0
        self.restart()

    def restart(self) -> None:
        self._until = time.monotonic() + self._way.timeout

    def exists(self) -> bool:
        """Raises S3Error, RequestFailed."""
        check_name(self._name)
        try:
            if self._keys is not None and not self._region:
                self._region = self._located()
            self._ask("HEAD", "")
        except S3Error as error:
            if error.code == _NO_BUCKET:
                return False
            raise
        return True

    def objects(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        """Keys and ETags of everything below a prefix. Raises S3Error, RequestFailed."""
        fixed = {"delimiter": "", "encoding-type": "url", "list-type": "2", "prefix": prefix}
        token: str | None = ""
        while token is not None:
            answer = self._ask("GET", "", {**fixed, **({"continuation-token": token} if token else {})})
            try:
                page = s3_answers.page(answer.body)
            except s3_answers.NotXML as error:
                raise S3Error(f"the server's listing cannot be read: {error}") from error
            yield from page.objects
            token = page.next

    def get(self, key: str) -> Object | None:
        """None where there is no such object (any more). Raises S3Error, RequestFailed."""
        try:
            answer = self._ask("GET", key)
        except S3Error as error:
            if error.code == _NO_KEY:
                return None
            raise
        return Object(answer.body, s3_answers.unquoted(answer.headers.get("ETag") or ""))

    def get_all(self, keys: Iterable[str]) -> dict[str, Object | None]:
        """Several at once. Raises ObjectFailed for the first that cannot be had; the others are then left."""
        with ThreadPoolExecutor(AT_ONCE, "bucket") as pool:
            waiting = {k: pool.submit(_in(contextvars.copy_context(), self.get), k) for k in keys}
            try:
                return {k: self._had(k, w.result) for k, w in waiting.items()}
            except ObjectFailed:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _had(self, key: str, result: Callable[[], Object | None]) -> Object | None:
        try:
            return result()
        except (S3Error, RequestFailed) as error:
            raise ObjectFailed(f"failed to get '{key}' object: {error.message}") from error

    def _located(self) -> str:
        """The region, as the server tells it; who may not know goes on with the default."""
        self._region = _DEFAULT_REGION
        try:
            answer = self._ask("GET", "", {"location": ""})
            return s3_answers.location(answer.body)
        except s3_answers.NotXML as error:
            raise S3Error(f"the bucket's location cannot be read: {error}") from error
        except S3Error as error:
            if error.code in _REGION_TOLD:
                return error.region or _DEFAULT_REGION
            raise

    def _ask(self, method: str, key: str, query: Mapping[str, str] | None = None) -> Answer:
        url = f"{self._root}/{quote(self._name, safe='')}/{quote(key, safe='/')}"
        if query:
            url += "?" + urlencode(sorted(query.items()), quote_via=quote, safe="")
        left = self._until - time.monotonic()
        if left <= 0:
            raise RequestFailed(f'{method.title()} "{url}": context deadline exceeded')
        headers, signature = self._signed(method, url)
        way = replace(self._way, timeout=left)
        answer = request(url, headers=headers, authorization=signature, way=way, method=method)
        if answer.status != 200:
            raise _refused(answer, key)
        return answer

    def _signed(self, method: str, url: str) -> tuple[dict[str, str], str]:
        if self._keys is None:
            return {}, ""
        moment = datetime.now(UTC).strftime(DATE_FORMAT)
        headers = {"x-amz-content-sha256": NO_BODY, "x-amz-date": moment}
        return headers, authorization(method, url, headers, self._keys, self._region)


def root_of(endpoint: str, *, insecure: bool) -> str:
    """The address of a server. Raises InvalidEndpoint."""
    root = f"{'http' if insecure else 'https'}://{endpoint.removesuffix('/')}"
    try:
        parts = urlsplit(root)
        fit = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError as error:
        raise InvalidEndpoint(f'parse "{root}": {error}') from error
    if parts.path:
        raise InvalidEndpoint("Endpoint url cannot have fully qualified paths.")
    if not fit or parts.username is not None or parts.query or parts.fragment:
        raise InvalidEndpoint(f"Endpoint: {endpoint} does not follow ip address or domain name standards.")
    return root


def check_name(name: str) -> None:
    """Raises S3Error for what cannot be a bucket's name."""
    problem = ""
    if len(name) < 3:
        problem = "cannot be shorter than 3 characters"
    elif len(name) > 63:
        problem = "cannot be longer than 63 characters"
    elif _ADDRESS.fullmatch(name):
        problem = "cannot be an ip address"
    elif any(x in name for x in ("..", ".-", "-.")) or not _NAME.fullmatch(name):
        problem = "contains invalid characters"
    if problem:
        raise S3Error(f"Bucket name {problem}", "InvalidBucketName")


def _region_in(root: str) -> str:
    """Amazon's hosts name their region."""
    found = _AMAZON.fullmatch(urlsplit(root).hostname or "")
    return found[1] if found else ""


def _refused(answer: Answer, key: str) -> S3Error:
    told = s3_answers.Element("")
    with contextlib.suppress(s3_answers.NotXML):
        told = s3_answers.parse(answer.body)
    if answer.status == 404:
        code = _NO_KEY if key else _NO_BUCKET
    else:
        code = _BY_STATUS.get(answer.status, "")
    if told.name == "Error":
        code = told.get("Code")
        message = told.get("Message") or _WORDS.get(code, f"Error response code {code}.")
    else:
        said = answer.body.strip()[:1024].decode("utf-8", "replace")
        message = _WORDS.get(code) or said or f"{answer.status} {answer.reason}".strip()
    return S3Error(message, code, told.get("Region") or answer.headers.get("x-amz-bucket-region") or "")


def _in(context: contextvars.Context, get: Callable[[str], Object | None]) -> Callable[[str], Object | None]:
    """``get`` as the thread that asks for it would run it."""
    return lambda key: context.run(get, key)
