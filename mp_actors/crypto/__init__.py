"""Cryptography that a board can do: keys, seals and signatures of what MicroPython has built in.

    steps     hmac (SHA-256, HMAC, comparison), aes (where the cipher comes from)
    keys      x25519 (a shared secret), hkdf (keys from a secret)
    seals     ccm (records), fernet (tokens)
    proof     rsa (a signature is checked; boards make none)
    provider  portable: all of these under the names that a host's provider has, too

Only `hmac.equal` takes the same time whatever it compares. The arithmetic on large integers does
not, and cannot: how long the interpreter takes depends on their values. Someone who can time a
board's handshake finely, or measure its current, may learn of its keys. That is accepted: a board
makes a fresh key pair for each handshake, and hosts use a library that does better.
"""
