# SPDX-License-Identifier: GPL-3.0-or-later
"""Decrypt the DTLS 1.2 records of a capture with their keys (a file in the format of SSLKEYLOGFILE).

It is written after the RFCs (5246, 5288, 6347, 7905, 9146) and knows nothing of the product's own records: it is a second opinion on them.
"""

import hashlib
import hmac
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

HEADER = 13
ID = 4  # bytes of the connection ids that the server gives
CHANGE_CIPHER_SPEC, HANDSHAKE, CONNECTION_ID = 20, 22, 25
CLIENT_HELLO, SERVER_HELLO = 1, 2
# Suites with ephemeral keys and AEAD, by number: bytes of the key, of the fixed part of the nonce, hash of the key derivation.
SUITES = {
    0xC02B: (16, 4, "sha256"), 0xC02F: (16, 4, "sha256"), 0xC02C: (32, 4, "sha384"), 0xC030: (32, 4, "sha384"),
    0xCCA8: (32, 12, "sha256"), 0xCCA9: (32, 12, "sha256"),
}


def read_keys(path):
    """{client random: master secret}"""
    with open(path, encoding="ascii") as file:
        lines = [line.split() for line in file]
    return {bytes.fromhex(words[1]): bytes.fromhex(words[2]) for words in lines if len(words) == 3 and words[0] == "CLIENT_RANDOM"}


def prf(secret, seed, length, digest):
    """RFC 5246, 5."""
    out, a = b"", seed
    while len(out) < length:
        a = hmac.new(secret, a, digest).digest()
        out += hmac.new(secret, a + seed, digest).digest()
    return out[:length]


class Direction:
    """Opens the records that one end has sent."""

    def __init__(self, key, fixed):
        self.fixed = fixed
        self.aead = AESGCM(key) if len(fixed) == 4 else ChaCha20Poly1305(key)

    def open(self, record):
        """The type and the content, or None: the record was not made with these keys."""
        named = record[0] == CONNECTION_ID
        sequence, body = record[3:11], record[HEADER + (ID if named else 0):]
        if len(self.fixed) == 4:
            nonce, body = self.fixed + body[:8], body[8:]
        else:
            nonce = bytes(a ^ b for a, b in zip(self.fixed, b"\0\0\0\0" + sequence))
        if len(body) < 16:
            return None
        additional = sequence + record[:3]
        if named:
            # RFC 9146, 5.3
            additional = b"\xff" * 8 + bytes([CONNECTION_ID, ID, CONNECTION_ID]) + record[1:3] + sequence + record[11:11 + ID]
        try:
            content = self.aead.decrypt(nonce, body, additional + struct.pack(">H", len(body) - 16))
        except InvalidTag:
            return None
        if named:
            content = content.rstrip(b"\0")
            return (content[-1], content[:-1]) if content else None
        return record[0], content


class Connection:
    """The handshakes between two addresses, and the keys of the last one."""

    def __init__(self, keys):
        self.keys, self.client_random, self.directions = keys, None, {}

    def hello(self, record):
        """Read a hello in clear."""
        body = record[HEADER:]
        if len(body) < 12 + 34:
            return
        kind, hello = body[0], body[12:]
        if kind == CLIENT_HELLO:
            self.client_random = hello[2:34]
        elif kind == SERVER_HELLO and self.client_random in self.keys:
            after = 35 + hello[34]
            self.derive(hello[2:34], struct.unpack_from(">H", hello, after)[0])

    def derive(self, server_random, suite):
        """RFC 5246, 6.3: AEAD has no keys for a MAC."""
        if suite not in SUITES:
            return
        size, fixed, digest = SUITES[suite]
        block = prf(self.keys[self.client_random], b"key expansion" + server_random + self.client_random, 2 * (size + fixed),
                    getattr(hashlib, digest))
        client, server, block = block[:size], block[size:2 * size], block[2 * size:]
        self.directions = {"up": Direction(client, block[:fixed]), "down": Direction(server, block[fixed:])}

    def content(self, direction, record):
        """The type and the content of a record of an epoch after 0, or None."""
        opener = self.directions.get(direction)
        return opener.open(record) if opener else None


class Decoder:
    """All connections of a capture, by the client's address."""

    def __init__(self, path):
        self.keys, self.connections = read_keys(path), {}

    def content(self, client, direction, record):
        """Read the next record.  Return type and content if it is encrypted and can be decrypted, else None."""
        connection = self.connections.setdefault(client, Connection(self.keys))
        if struct.unpack_from(">H", record, 3)[0] > 0:
            return connection.content(direction, record)
        if record[0] == HANDSHAKE:
            connection.hello(record)
        return None
