"""Points of small order on the curve of Ed25519: as a public key, each verifies signatures that no private key made."""

_P = (1 << 255) - 19  # the field's order
_SIGN_OF_X = 1 << 255

_YS = frozenset(  # of all eight points; the first two may be written with the field's order added
    {
        0,
        1,
        _P,
        _P + 1,
        _P - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)


def of_small_order(public_key: bytes) -> bool:
    """Whether the point, in its 32 bytes (RFC 8032), is one of the eight."""
    return int.from_bytes(public_key, "little") & ~_SIGN_OF_X in _YS
