"""Verifies COSE_Sign1 messages with a library written elsewhere (cwt).

Reads a JSON list of {"message", "key", "external_aad"} in hexadecimal from standard input; writes a JSON list
with, for each, the payload in hexadecimal, or null when the signature does not hold.
"""

import json
import sys

from cwt import COSE, COSEKey
from cwt.exceptions import VerifyError

OKP, ED25519, CURVE_ED25519 = 1, -19, 6


def payload_of(row):
    key = COSEKey.new({1: OKP, 3: ED25519, -1: CURVE_ED25519, -2: bytes.fromhex(row["key"])})
    message, aad = bytes.fromhex(row["message"]), bytes.fromhex(row["external_aad"])
    try:
        return COSE.new().decode(message, key, external_aad=aad).hex()
    except VerifyError:
        return None


json.dump([payload_of(row) for row in json.load(sys.stdin)], sys.stdout)
