"""Golden files of encoded bytes: :func:`assert_golden`.

The file is text, to be read in reviews: sixteen bytes a line in hexadecimal, and the name of the
type in a comment.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from avrogen.codec.compilation import decoder_of, encoder_of
from avrogen.errors import CodecError
from avrogen.kafka.serde.decoders import name_of
from avrogen.testing.assertions import differences, owner_of

if TYPE_CHECKING:
    from avrogen.codec.codec import Codec
    from avrogen.codec.schema import SchemaOwner

__all__ = ["UPDATE_OPTION", "Golden", "assert_golden"]

UPDATE_OPTION: Final = "--avrogen-update-golden"
"""The option of pytest that has golden files written instead of compared."""

_PER_LINE: Final = 16


def assert_golden(
    value: object, path: Path | str, *, codec: Codec[Any] | None = None, update: bool = False
) -> None:
    """Assert that a value's Avro binary encoding equals a file.

    Who changes a schema without meaning to change what is on the wire is told, field by field.

    Args:
        value: an object of a generated class; or of any type, with its codec.
        path: the file, such as ``golden/order_placed.hex``.
        codec: the codec of a type that has no class.
        update: write the file, and compare nothing.

    Raises:
        AssertionError: the bytes are others, or there is no file; it says how it comes to be.
        EncodeError: the value does not fit its schema.
        TypeError: nothing says what the schema is.
        OSError: the file cannot be written.
    """
    path = Path(path)
    owner = owner_of(value, codec)
    data = encoder_of(owner)(value)
    if update:
        _write(path, _text(owner, data))
        return
    if not path.exists():
        raise AssertionError(f"there is no {path} yet: pytest {UPDATE_OPTION} writes it")
    golden = _bytes(path)
    if golden != data:
        lines = [f"the bytes are not those of {path}", *_explained(owner, golden, data)]
        raise AssertionError(
            "\n  ".join(lines) + f"\nif that is meant: pytest {UPDATE_OPTION} writes the file anew"
        )


class Golden:
    """The fixture ``avrogen_golden``: ``avrogen_golden(placed, "order_placed")``.

    Args:
        folder: where the files are.
        update: whether they are to be written.
    """

    def __init__(self, folder: Path, *, update: bool) -> None:
        self._folder = folder
        self._update = update

    def __call__(self, value: object, name: str, *, codec: Codec[Any] | None = None) -> None:
        """See :func:`assert_golden`.

        Args:
            value: an object of a generated class; or of any type, with its codec.
            name: of the file, without ``.hex``.
            codec: the codec of a type that has no class.
        """
        path = self._folder / f"{name}.hex"
        assert_golden(value, path, codec=codec, update=self._update)


# --- files ----------------------------------------------------------------------------------------


def _text(owner: SchemaOwner, data: bytes) -> str:
    name = name_of(owner.__avro_schema__) or "a type without a name"
    lines = [data[at : at + _PER_LINE].hex(" ") for at in range(0, len(data), _PER_LINE)]
    return "\n".join([f"# {name}", *lines, ""])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")


def _bytes(path: Path) -> bytes:
    lines = path.read_text("utf-8").splitlines()
    try:
        return bytes.fromhex(" ".join(line for line in lines if not line.startswith("#")))
    except ValueError as error:
        raise AssertionError(
            f"{path} has something else than bytes in hexadecimal ({error}): "
            f"pytest {UPDATE_OPTION} writes it anew"
        ) from None


# --- differences ----------------------------------------------------------------------------------


def _explained(owner: SchemaOwner, golden: bytes, data: bytes) -> Iterator[str]:
    decode = decoder_of(owner)
    try:
        was = decode(golden)
    except CodecError as error:
        yield f"which cannot be read with this schema: {error}"
    else:
        now = decode(data)
        found = list(differences("was", was, "is", now))
        yield from found or ["which are read as an equal value"]
    first = next(
        (at for at, pair in enumerate(zip(golden, data, strict=False)) if pair[0] != pair[1]),
        min(len(golden), len(data)),
    )
    yield f"from byte {first} on, of {len(golden)} that were and {len(data)} that are:"
    yield f"  was {_around(golden, first)}"
    yield f"  is  {_around(data, first)}"


def _around(data: bytes, at: int) -> str:
    """Return bytes around an offset."""
    start, end = max(0, at - 4), at + _PER_LINE - 4
    before = "... " if start else ""
    after = " ..." if end < len(data) else ""
    return f"{before}{data[start:end].hex(' ')}{after}"
