"""Says what a file is by its bytes alone, and makes pictures anew: nothing hides in them then."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

#: More than any screen has; a file of a few kilobytes can claim a billion.
_MOST_PIXELS = 40_000_000
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
# Archives hide what is in them and how large it is.
_ARCHIVES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x07\x08",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
)
_MARKUP = re.compile(
    rb"\s*(?:<\?xml|<!--|<!doctype|<svg|<html|<head|<body|<script|%!PS|%PDF)", re.I
)
# Texts of WordPress's logs have none of these; a binary file has.
_BINARY = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class NotTaken(ValueError):
    """A file of a kind that is not taken; the message says what is."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is kept of a file: its bytes as they will be served, and their kind."""

    media_type: str
    extension: str
    data: bytes


def read_content(data: bytes) -> Content:
    """The picture or log that `data` is. Raises NotTaken for everything else.

    Pictures are decoded and written anew: what was hidden behind, before or between their
    pixels, a script or a place where a photo was taken, is gone. Only the first frame is kept.
    """
    if data.startswith(_ARCHIVES):
        raise NotTaken("Archives are not taken and were not opened: send the files one by one.")
    if _MARKUP.match(data.removeprefix(b"\xef\xbb\xbf")):
        raise NotTaken("SVG, HTML, XML and PDF are not taken: make a picture (PNG) of it.")
    picture = _picture(data)
    return picture or _log(data)


def _picture(data: bytes) -> Content | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError:
        return None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotTaken("This picture claims more points than any screen has.") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise NotTaken("This picture is damaged.") from error
    if image.width * image.height > _MOST_PIXELS:
        raise NotTaken("This picture has more points than any screen has.")
    try:
        image.load()
    except Exception as error:
        # Decoders of broken files raise what they like.
        raise NotTaken("This picture is damaged.") from error
    return _made_anew(image)


def _made_anew(image: Image.Image) -> Content:
    """The same pixels in a file of our own: a photo stays a JPEG, all else becomes a PNG."""
    written = io.BytesIO()
    if image.format == "JPEG":
        image.convert("RGB").save(written, "JPEG", quality=90)
        return Content("image/jpeg", "jpg", written.getvalue())
    plain = image.convert("RGBA" if image.has_transparency_data else "RGB")
    plain.save(written, "PNG")
    return Content("image/png", "png", written.getvalue())


def _log(data: bytes) -> Content:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotTaken("This is neither a picture (PNG, JPEG, GIF, WebP) nor a text.") from None
    if not text.strip():
        raise NotTaken("This file is empty.")
    if _BINARY.search(text):
        raise NotTaken("This is neither a picture (PNG, JPEG, GIF, WebP) nor a text.")
    return Content("text/plain", "txt", text.encode())
