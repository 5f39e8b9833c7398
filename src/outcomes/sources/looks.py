"""What bytes look like that are no format of the door: a name for the people who sent them."""

from __future__ import annotations

import re

_START = {
    b"%PDF": "PDF",
    b"%!PS": "PostScript",
    b"{\\rtf": "Word (RTF)",
    b"SQLite format 3\x00": "SQLite",
    b"$FL2": "SPSS (.sav)",
    b"$FL3": "SPSS (.zsav)",
    b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xc2\xea\x81\x60": "SAS (.sas7bdat)",
    b"HEADER RECORD*******LIB": "SAS (.xpt)",
    b"<stata_dta>": "Stata (.dta)",
    b"\x00\x01\x00\x00Standard Jet": "Access",
    b"\x00\x01\x00\x00Standard ACE": "Access",
    b"RDX2\n": "R data",
    b"RDX3\n": "R data",
    b"X\n\x00\x00\x00": "R data",
    b"\x89HDF\r\n\x1a\n": "HDF5",
    b"MATLAB 5.0 MAT-file": "MATLAB",
    b"Obj\x01": "Avro",
    b"FEA1": "Feather of version 1",
    b"PARE": "encrypted Parquet",
    b"\x93NUMPY": "NumPy",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "RAR",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "LZ4",
    b"\x1f\x9d": "compress (.Z)",
    b"MSCF\x00": "cabinet",
    b"\x89PNG\r\n": "image",
    b"\xff\xd8\xff": "image",
    b"GIF87a": "image",
    b"GIF89a": "image",
    b"II*\x00": "image",
    b"MM\x00*": "image",
    b"-----BEGIN PGP": "encrypted (PGP)",
    b"age-encryption.org/": "encrypted (age)",
    b"MSH|^~\\&": "HL7 version 2",
    b"BEGIN:VCARD": "address card (vCard)",
    # Excel of before 1997 with no container around it.
    b"\x09\x08\x08\x00\x00\x05": "old Excel (.xls)",
    b"\x09\x04\x06\x00\x00\x00": "old Excel (.xls)",
    b"\x09\x02\x06\x00\x00\x00": "old Excel (.xls)",
}
_AT = ((8, b"DUCK", "DuckDB"), (128, b"DICM", "image (DICOM)"), (257, b"ustar", "tar"))
_PATTERNS = (
    (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), "bzip2"),
    (re.compile(rb"BM....\x00\x00\x00\x00", re.DOTALL), "image"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image"),
    (re.compile(rb"\x00\x00\x00.ftyp", re.DOTALL), "image or video"),
    (re.compile(rb"[\x69\x6c\x6e-\x73][\x01\x02]\x01\x00"), "Stata (.dta)"),
)
# Whether anything of the above is there at all: a file of text is asked once, and not for each.
_ANY = re.compile(b"|".join([*map(re.escape, _START), *(pattern.pattern for pattern, _ in _PATTERNS)]), re.DOTALL)
# The container of Office before 2007 and of every encrypted Office file: it lists its parts in UTF-16.
_CONTAINER = b"\xd0\xcf\x11\xe0\xa1\xb1"
_PARTS = {
    "EncryptedPackage": "encrypted Office file",
    "Workbook": "old Excel (.xls)",
    "Book": "old Excel (.xls)",
    "WordDocument": "Word (.doc)",
    "PowerPoint Document": "PowerPoint (.ppt)",
}
_MARKUP = (
    (re.compile(r"<!doctype\s+html|<html|<table|<body", re.IGNORECASE), "HTML"),
    (re.compile(r"schemas-microsoft-com:office:spreadsheet"), "Excel in XML"),
    (re.compile(r"http://hl7\.org/fhir"), "FHIR in XML: export it as JSON"),
    (re.compile(r"<(?:\w+:)?ClinicalDocument\b"), "clinical document (C-CDA)"),
    (re.compile(r"<(?:\w+:)?ODM\b"), "CDISC ODM: export it as CSV"),
)
_OFFICE = (
    ("macroenabled", "Excel or Word with macros"),
    ("spreadsheetml.template", "Excel template (.xltx)"),
    ("wordprocessingml", "Word (.docx)"),
    ("presentationml", "PowerPoint (.pptx)"),
)
_HEAD = 4096


def looks_like(data: bytes) -> str | None:
    """What a file is that is none of the door's; None where it may be text. It reads no further than it must."""
    head = data[:_HEAD]
    is_any = _ANY.match(head)
    if is_any and (kind := next((kind for start, kind in _START.items() if head.startswith(start)), None)):
        return kind
    for at, mark, kind in _AT:
        if head.startswith(mark, at):
            return kind
    if is_any and (kind := next((kind for pattern, kind in _PATTERNS if pattern.match(head)), None)):
        return kind
    if head.startswith(_CONTAINER):
        parts = (kind for part, kind in _PARTS.items() if part.encode("utf-16-le") in data)
        return next(parts, "old Office file")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        markup = text.decode("latin-1")
        return next((kind for pattern, kind in _MARKUP if pattern.search(markup)), "XML")
    return None


def looks_like_inside(names: set[str], types: str, mimetype: bytes) -> str | None:
    """What a zip of a program is, from the names in it, its [Content_Types].xml and its `mimetype`; None for Excel or any other zip."""
    if mimetype.startswith(b"application/vnd.oasis.opendocument"):
        return "OpenDocument (.ods)" if b"spreadsheet" in mimetype else "OpenDocument"
    if any(name.startswith("index/") and name.endswith(".iwa") for name in names):
        return "Apple Numbers or Pages"
    if not types:
        return None
    if "xl/workbook.bin" in names:
        return "binary Excel (.xlsb)"
    if "xl/vbaproject.bin" in names:
        return "Excel with macros (.xlsm)"
    said = types.lower()
    return next((kind for mark, kind in _OFFICE if mark in said), None)
