"""A certificate for this machine that nobody has signed but itself, made anew: RSA and DER by hand."""

import base64
import hashlib
import ipaddress
import math
import random
from datetime import UTC, datetime, timedelta

RSA, RSA_SHA256 = "2a864886f70d010101", "2a864886f70d01010b"
COMMON_NAME, SUBJECT_KEY, KEY_USAGE, OTHER_NAME, CONSTRAINTS = "550403", "551d0e", "551d0f", "551d11", "551d13"


def make_certificate() -> tuple[str, str]:
    """Return a certificate for 127.0.0.1 that may sign others, and its key, both in PEM."""
    p, q = _prime(), _prime()
    e, n = 65537, p * q
    d = pow(e, -1, math.lcm(p - 1, q - 1))
    public = _sequence(_number(n), _number(e))
    now = datetime.now(UTC)
    name = _sequence(_der(0x31, _sequence(_id(COMMON_NAME), _der(0x0C, b"firewall %d" % p))))
    content = _sequence(
        _der(0xA0, _number(2)),
        _number(random.getrandbits(63)),
        _algorithm(RSA_SHA256),
        name,
        _sequence(_time(now - timedelta(days=1)), _time(now + timedelta(days=1))),
        name,
        _sequence(_algorithm(RSA), _bits(public)),
        _der(0xA3, _sequence(*_extensions(public))),
    )
    digest = _sequence(_algorithm("608648016503040201"), _der(0x04, hashlib.sha256(content).digest()))
    length = (n.bit_length() + 7) // 8
    padded = b"\0\1" + b"\xff" * (length - len(digest) - 3) + b"\0" + digest
    signature = pow(int.from_bytes(padded), d, n).to_bytes(length)
    key = _sequence(*map(_number, (0, n, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))))
    certificate = _sequence(content, _algorithm(RSA_SHA256), _bits(signature))
    return _pem("CERTIFICATE", certificate), _pem("RSA PRIVATE KEY", key)


def _extensions(public: bytes) -> list[bytes]:
    address = _sequence(_der(0x87, ipaddress.ip_address("127.0.0.1").packed))
    critical = _der(0x01, b"\xff")
    return [
        _sequence(_id(CONSTRAINTS), critical, _der(0x04, _sequence(critical))),
        _sequence(_id(KEY_USAGE), critical, _der(0x04, _der(0x03, bytes((1, 0b10100110))))),
        _sequence(_id(OTHER_NAME), _der(0x04, address)),
        _sequence(_id(SUBJECT_KEY), _der(0x04, _der(0x04, hashlib.sha256(public).digest()[:20]))),
    ]


def _prime() -> int:
    """Return a prime of 1024 bits, as far as twenty rounds of Miller and Rabin can tell."""
    while True:
        found = random.getrandbits(1024) | 1 << 1023 | 1 << 1022 | 1
        if (found - 1) % 65537 and _is_prime(found):
            return found


def _is_prime(number: int) -> bool:
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(20):
        x = pow(random.randrange(2, number - 1), odd, number)
        if x not in (1, number - 1) and all((x := x * x % number) != number - 1 for _ in range(twos - 1)):
            return False
    return True


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2)
    return bytes([tag]) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, b"".join(parts))


def _number(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def _id(identifier: str) -> bytes:
    return _der(0x06, bytes.fromhex(identifier))


def _algorithm(identifier: str) -> bytes:
    return _sequence(_id(identifier), _der(0x05, b""))


def _bits(content: bytes) -> bytes:
    return _der(0x03, b"\0" + content)


def _time(instant: datetime) -> bytes:
    return _der(0x17, instant.strftime("%y%m%d%H%M%SZ").encode())


def _pem(kind: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode()
    return f"-----BEGIN {kind}-----\n{text}-----END {kind}-----\n"
