"""Sprig's digests, passwords, random texts and symmetric encryption. Randomness is the render's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import zlib
from collections.abc import Callable
from typing import Any

from holdfast.helm.funcs.text import decode_base64
from holdfast.helm.go.errors import GoError
from holdfast.helm.go.strconv import normal
from holdfast.helm.go.types import from_bytes, to_bytes
from holdfast.helm.gotemplate.runtime import Frame

_LOWER, _UPPER, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
_MAX_RANDOM = 10_000_000


def _digest(name: str) -> Callable[[str], str]:
    def run(text: str) -> str:
        return hashlib.new(name, to_bytes(text), usedforsecurity=False).hexdigest()

    return run


def _adler32(text: str) -> str:
    return str(zlib.adler32(to_bytes(text)))


def _random_text(alphabet: str) -> Callable[[Frame, int], str]:
    def run(f: Frame, count: int) -> str:
        if count <= 0:
            return ""
        if count > _MAX_RANDOM:
            raise GoError(f"a random text of more than {_MAX_RANDOM} characters")
        below = f.rt.services.below
        return "".join(alphabet[below(len(alphabet))] for _ in range(count))

    return run


def _rand_bytes(f: Frame, count: int) -> str:
    if count < 0:
        raise GoError("runtime error: makeslice: len out of range")
    return base64.b64encode(f.rt.services.random(min(count, _MAX_RANDOM))).decode()


def _rand_int(f: Frame, low: int, high: int) -> int:
    if high <= low:
        raise GoError("invalid argument to Intn")
    return low + int(f.rt.services.below(high - low))


def _shuffle(f: Frame, text: str) -> str:
    chars = list(normal(text))
    for i in range(len(chars) - 1, 0, -1):
        j = f.rt.services.below(i + 1)
        chars[i], chars[j] = chars[j], chars[i]
    return "".join(chars)


def _uuid(f: Frame) -> str:
    data = bytearray(f.rt.services.random(16))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    found = data.hex()
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"


_BCRYPT_LETTERS = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
)


def _bcrypt(f: Frame, text: str) -> str:
    import bcrypt

    password = to_bytes(text)
    if len(password) > 72:
        return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"
    salt = base64.b64encode(f.rt.services.random(16)).rstrip(b"=").translate(_BCRYPT_LETTERS)
    return bcrypt.hashpw(password, b"$2a$10$" + salt).decode()


def _htpasswd(f: Frame, user: str, password: str) -> str:
    if ":" in user:
        return f"invalid username: {user}"
    return f"{user}:{_bcrypt(f, password)}"


# The Master Password algorithm: templates of character classes for each type of password.
_PASSWORDS = {
    "maximum": "anoxxxxxxxxxxxxxxxxx axxxxxxxxxxxxxxxxxno",
    "long": (
        "CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv CvccCvcvCvcvno CvcvnoCvccCvcv "
        "CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc CvcvCvcvnoCvcc CvcvCvcvCvccno CvccnoCvccCvcv CvccCvccnoCvcv "
        "CvccCvccCvcvno CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno CvccnoCvcvCvcc CvccCvcvnoCvcc CvccCvcvCvccno"
    ),
    "medium": "CvcnoCvc CvcCvcno",
    "short": "Cvcn",
    "basic": "aaanaaan aannaaan aaannaaa",
    "pin": "nnnn",
}
_VOWELS, _CONSONANTS = "AEIOU", "BCDFGHJKLMNPQRSTVWXYZ"
_ALL = _VOWELS + _VOWELS.lower() + _CONSONANTS + _CONSONANTS.lower()
_CLASSES = {
    "V": _VOWELS, "C": _CONSONANTS, "v": _VOWELS.lower(), "c": _CONSONANTS.lower(), "A": _VOWELS + _CONSONANTS, "a": _ALL,
    "n": _DIGITS, "o": "@&%?,=[]_:-+*$#!'^~;()/.", "x": _ALL + _DIGITS + "!@#$%^&*()",
}  # fmt: skip
_SEED = b"com.lyndir.masterpassword"


def _derive_password(counter: int, kind: str, password: str, user: str, site: str) -> str:
    if kind not in _PASSWORDS:
        return f"cannot find password template {kind}"
    name, place = to_bytes(user), to_bytes(site)
    salt = _SEED + struct.pack(">I", len(name)) + name
    key = hashlib.scrypt(to_bytes(password), salt=salt, n=32768, r=8, p=2, dklen=64, maxmem=128 << 20)
    message = _SEED + struct.pack(">I", len(place)) + place + struct.pack(">I", counter)
    seed = hmac.new(key, message, hashlib.sha256).digest()
    templates = _PASSWORDS[kind].split()
    shape = templates[seed[0] % len(templates)]
    return "".join(_CLASSES[c][seed[i + 1] % len(_CLASSES[c])] for i, c in enumerate(shape))


def _cipher(password: str, iv: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC

    return Cipher(AES(to_bytes(password)[:32].ljust(32, b"\0")), CBC(iv))


def _encrypt_aes(f: Frame, password: str, text: str) -> str:
    if not text:
        return ""
    data = to_bytes(text)
    pad = 16 - len(data) % 16
    iv = f.rt.services.random(16)
    encryptor = _cipher(password, iv).encryptor()
    return base64.b64encode(iv + encryptor.update(data + bytes([pad]) * pad) + encryptor.finalize()).decode()


def _decrypt_aes(password: str, text: str) -> str:
    if not text:
        return ""
    clean = to_bytes(text.replace("\n", "").replace("\r", ""))
    data = decode_base64(clean, to_bytes(text))
    if len(data) < 16:
        raise GoError(f"runtime error: slice bounds out of range [:16] with capacity {len(data)}")
    if len(data) % 16:
        raise GoError("crypto/cipher: input not full blocks")
    decryptor = _cipher(password, data[:16]).decryptor()
    plain = decryptor.update(data[16:]) + decryptor.finalize()
    if not plain:
        raise GoError("runtime error: index out of range [-1]")
    if plain[-1] > len(plain):
        raise GoError(f"runtime error: slice bounds out of range [:{len(plain) - plain[-1]}]")
    return from_bytes(plain[: len(plain) - plain[-1]])


TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("sha1sum", "string", _digest("sha1")),
    ("sha256sum", "string", _digest("sha256")),
    ("sha512sum", "string", _digest("sha512")),
    ("adler32sum", "string", _adler32),
    ("derivePassword", "uint32, string, string, string, string", _derive_password),
    ("decryptAES", "string, string", _decrypt_aes),
)

FRAME_TABLE: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("randAlphaNum", "int", _random_text(_LOWER + _UPPER + _DIGITS)),
    ("randAlpha", "int", _random_text(_LOWER + _UPPER)),
    ("randNumeric", "int", _random_text(_DIGITS)),
    ("randAscii", "int", _random_text("".join(map(chr, range(32, 127))))),
    ("randBytes", "int", _rand_bytes),
    ("randInt", "int, int", _rand_int),
    ("shuffle", "string", _shuffle),
    ("uuidv4", "", _uuid),
    ("bcrypt", "string", _bcrypt),
    ("htpasswd", "string, string", _htpasswd),
    ("encryptAES", "string, string", _encrypt_aes),
)
