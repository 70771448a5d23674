#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a WAV file whose sound, once a phone has coded it as G.711 (mu-law), is a given text over and over.

So whoever can read the media on a wire finds that text there, and a capture can be searched for it.
"""

import struct
import sys
import wave


def mulaw_decode(code):
    """The 16-bit sample that a mu-law byte stands for (ITU-T G.711)."""
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude


def main():
    path, text, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    samples = b"".join(struct.pack("<h", mulaw_decode(byte)) for byte in text.encode("ascii"))
    with wave.open(path, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(samples * (8000 * seconds // len(text) + 1))


if __name__ == "__main__":
    main()
