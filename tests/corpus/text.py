"""CSV as clinics' programs write it: separators, quotes, line ends, encodings, blank lines; and lines that are no rows."""

from __future__ import annotations

import gzip

from tests.corpus.base import NAMES, NO_ITEMS, NONE, Aside, Kit, add, refused, taken

BOM = b"\xef\xbb\xbf"
HEAD = ",".join(NAMES)
EMPTY = ("clinic_id_pattern", "patient_id_pattern", "day_not_whole", "timepoint_unknown")
NEEDED = ("clinic_id", "patient_id", "days_since_first_infusion", "timepoint")


def no_row(line: int, *but: str) -> list[Aside]:
    """The reasons of a row whose needed cells are empty."""
    return [(line, column, code) for column, code in zip(NEEDED, EMPTY, strict=True) if column not in but]


def unreadable(line: int) -> list[Aside]:
    """The reasons of a header line among the rows: clinic_id is no clinic, and nothing else is what its name says."""
    items = [(line, f"item_{n}", "item_not_whole") for n in range(1, 10)]
    return [
        (line, "clinic_id", "unknown_clinic"), (line, "patient_id", "patient_id_pattern"), (line, "infusion_number", "infusion_number_not_whole"),
        (line, "days_since_first_infusion", "day_not_whole"), (line, "timepoint", "timepoint_unknown"), *items, (line, "total", "total_not_whole"),
    ]  # fmt: skip


def gz(data: bytes) -> bytes:
    """The same as gzip, always the same bytes."""
    return gzip.compress(data, mtime=0)


def two(k: Kit, **how: object) -> bytes:
    """Patients 1 and 2."""
    return k.csv(k.row(), k.row(2), **how)  # type: ignore[arg-type]


def quoted(data: bytes, by: str = ",") -> bytes:
    """Every cell in quotes."""
    return (
        "\n".join(by.join(f'"{cell}"' for cell in line.split(by)) for line in data.decode().splitlines()) + "\n"
    ).encode()


# ---- the same two rows, however they are written ----------------------------------------------------------------

add("plain", lambda k: (two(k), k.two()))
add("no line feed at the end", lambda k: (two(k, last=False), k.two()))
add("many line feeds at the end", lambda k: (two(k) + b"\n\n\n\n", k.two()))
add("BOM", lambda k: (BOM + two(k), k.two()))
add("BOM, first name in quotes", lambda k: (BOM + quoted(two(k)), k.two()))
add("BOM within the quotes", lambda k: (quoted(two(k)).replace(b'"clinic_id', b'"\xef\xbb\xbfclinic_id', 1), k.two()))
add("BOM twice", lambda k: (BOM + BOM + two(k), k.two()))
add("semicolon", lambda k: (two(k, by=";"), k.two()))
add("semicolon, quoted", lambda k: (quoted(two(k, by=";"), ";"), k.two()))
add("tab", lambda k: (two(k, by="\t"), k.two()))
add("quoted", lambda k: (quoted(two(k)), k.two()))
add("quoted, CRLF, BOM", lambda k: (BOM + quoted(two(k)).replace(b"\n", b"\r\n"), k.two()))
add("only numbers quoted", lambda k: (k.csv(k.row(item_1='"2"', total='"10"'), k.row(2)), k.two()))
add("only text quoted", lambda k: (k.csv(k.row(clinic_id='"C01"', timepoint='"pre_infusion"'), k.row(2)), k.two()))
add("blanks within quotes", lambda k: (k.csv(k.row(item_1='" 2 "'), k.row(2)), k.two()))
add("quoted and empty", lambda k: (k.csv(k.row(total='""'), k.row(2)), taken(k.kept(2, total=None), k.kept(3, 2))))
add("CRLF", lambda k: (two(k, end="\r\n"), k.two()))
add("CR", lambda k: (two(k, end="\r"), k.two()))
add("CR, none at the end", lambda k: (two(k, end="\r", last=False), k.two()))
add("LF and CRLF by turns", lambda k: (two(k, end="\r\n").replace(b"\r\n", b"\n", 1), k.two()))
add("UTF-16, little end first", lambda k: (b"\xff\xfe" + two(k).decode().encode("utf-16-le"), k.two()))
add("UTF-16, big end first", lambda k: (b"\xfe\xff" + two(k).decode().encode("utf-16-be"), k.two()))
add(
    "UTF-16, tabs and CRLF as Excel writes it",
    lambda k: (two(k, by="\t", end="\r\n").decode().encode("utf-16"), k.two()),
)
add("UTF-16 without its mark", lambda k: (two(k).decode().encode("utf-16-le"), refused("holds_nul")))
add("UTF-16 cut in a character", lambda k: (two(k).decode().encode("utf-16")[:-1], refused("not_utf8")))
add("UTF-32", lambda k: (two(k).decode().encode("utf-32"), refused("holds_nul")))
add(
    "Latin-1",
    lambda k: (k.csv(k.row(ended="moved"), k.row(2)).replace(b"moved", b"d\xe9m\xe9nag\xe9"), refused("not_utf8")),
)
add("Windows-1252 quotes", lambda k: (two(k).replace(b",10\n", b",\x9310\x94\n", 1), refused("not_utf8")))
add("a NUL in a cell", lambda k: (two(k).replace(b",10\n", b",1\x000\n", 1), refused("holds_nul")))
add("NULs at the end", lambda k: (two(k) + bytes(64), refused("holds_nul")))
add("blank lines between", lambda k: (k.csv(k.row(), "", "", k.row(2), ""), k.two(2, 5)))
add("blank line behind each row, CRLF", lambda k: (k.csv("", k.row(), "", k.row(2), "", end="\r\n"), k.two(3, 5)))
add("lines of blanks", lambda k: (k.csv(k.row(), "   ", k.row(2), "  "), k.two(2, 4)))
add("blank lines before the header", lambda k: (b"\n\n" + two(k), k.two(4, 5)))
add("blank lines before the header, CRLF", lambda k: (b"\r\n\r\n" + two(k, end="\r\n"), k.two(4, 5)))
add("Ctrl-Z at the end", lambda k: (two(k) + b"\x1a", k.two()))
add("Ctrl-Z at the end, CRLF", lambda k: (two(k, end="\r\n") + b"\x1a\r\n", k.two()))
add(
    "Ctrl-Z in the middle",
    lambda k: (k.csv(k.row(), "\x1a", k.row(2)), taken(k.kept(2), k.kept(4, 2), aside=[(3, None, "field_count")])),
)
add("sep=; as Excel asks for it", lambda k: (b"sep=;\n" + two(k, by=";"), k.two(3, 4)))
add("sep=, and BOM and CRLF", lambda k: (BOM + b"sep=,\r\n" + two(k, end="\r\n"), k.two(3, 4)))
add("sep=tab in quotes", lambda k: (b'"sep=\t"\n' + two(k, by="\t"), k.two(3, 4)))
add("sep= and another separator below", lambda k: (b"sep=;\n" + two(k), refused("no_header")))
add("sep=; saved again by a spreadsheet", lambda k: (b"sep=;;;;;\n" + two(k, by=";"), k.two(3, 4)))
add("sep=|", lambda k: (b"sep=|\n" + two(k, by="|"), refused("no_header")))
add("pipe", lambda k: (two(k, by="|"), refused("no_header")))
add("columns in other order", lambda k: (two(k, names=NAMES[::-1]), k.two()))
add("columns in other order, by name", lambda k: (two(k, names=sorted(NAMES)), k.two()))
add("names in capitals", lambda k: (two(k, head=HEAD.upper()), k.two()))
add("names with blanks and hyphens", lambda k: (two(k, head=HEAD.replace("_", " ").replace("item ", "Item-")), k.two()))
add("blanks around names", lambda k: (two(k, head=HEAD.replace(",", " , ")), k.two()))
add(
    "blanks around all cells",
    lambda k: (k.csv(*({name: f" {cell} " for name, cell in k.row(n).items()} for n in (1, 2))), k.two()),
)
add("an optional column that is empty", lambda k: (k.csv(k.row(drug="", nausea=""), k.row(2)), k.two()))
add("header only", lambda k: (k.csv(names=[*NAMES, "drug"]), taken()))
add("header only, CRLF, no end", lambda k: (k.csv(names=[*NAMES, "nausea"], end="\r\n", last=False), taken()))
add("one row", lambda k: (k.csv(k.row()), taken(k.kept(2))))
add("one row, no line feed", lambda k: (k.csv(k.row(), last=False), taken(k.kept(2))))
add("one row that is bad", lambda k: (k.csv(k.row(item_1="x")), taken(aside=[(2, "item_1", "item_not_whole")])))
add("blank column at the end, as Excel writes it", lambda k: (two(k).replace(b"\n", b",\n"), k.two()))
add("blank columns at the end, in semicolons", lambda k: (two(k, by=";").replace(b"\n", b";;;\n"), k.two()))
add("blank column at the end, quoted, CRLF", lambda k: (quoted(two(k)).replace(b"\n", b',""\r\n'), k.two()))
add(
    "column without a name that holds something",
    lambda k: (two(k).replace(b"\n", b",\n").replace(b",10,\n", b",10,x\n", 1), refused("unknown_column")),
)
add(
    "name of a column left out in the middle",
    lambda k: (two(k, head=HEAD.replace("item_3", "")), refused("unknown_column")),
)
add(
    "column without a name first, as pandas writes its index",
    lambda k: (k.csv(f"0,{k.line()}", f"1,{k.line(2)}", head=f",{HEAD}"), refused("unknown_column")),
)
add(
    "blank column at the end, not in each row",
    lambda k: (k.csv(f"{k.line()},", k.line(2), head=f"{HEAD},"), taken(k.kept(2), aside=[(3, None, "field_count")])),
)
add(
    "comma at the end of each row, not of the header",
    lambda k: (
        k.csv(f"{k.line()},", f"{k.line(2)},"),
        taken(aside=[(2, None, "field_count"), (3, None, "field_count")]),
    ),
)
add("gzip", lambda k: (gz(two(k)), k.two()))
add("gzip of two members", lambda k: (gz(two(k)[:70]) + gz(two(k)[70:]), k.two()))
add("gzip with padding", lambda k: (gz(two(k)) + bytes(512), k.two()))
add("gzip of UTF-16 and tabs", lambda k: (gz(two(k, by="\t").decode().encode("utf-16")), k.two()))
add("gzip cut short", lambda k: (gz(two(k))[:-12], refused("truncated")))
add("gzip without its last byte", lambda k: (gz(two(k))[:-1], refused("truncated")))
add("gzip changed inside", lambda k: (gz(two(k))[:-8] + b"\x00\x01\x02\x03" + gz(two(k))[-4:], refused("truncated")))
add("gzip, text behind it", lambda k: (gz(two(k)) + b"more", refused("truncated")))
add("gzip in gzip", lambda k: (gz(gz(two(k))), refused("unknown_format")))
add("gzip bomb", lambda k: (gz(two(k) + b"\n" * 40_000_000), refused("too_large")))
add("nothing", lambda k: (b"", refused("empty_file")))
add("blanks only", lambda k: (b" \r\n\t\n ", refused("empty_file")))
add("a BOM only", lambda k: (BOM, refused("empty_file")))
add("gzip of nothing", lambda k: (gz(b""), refused("empty_file")))
add("Ctrl-Z only", lambda k: (b"\x1a", refused("empty_file")))

# ---- lines that are no rows -------------------------------------------------------------------------------------

RAGGED: dict[str, str] = {
    "a short line": "C01,K1,1", "a word": "total", "a comment": "# page 2", "an end of file": "-- end of report --", "many commas": "," * 40,
    "a line of tabs": "\t\t\t", "a line in semicolons": "C01;K1;1;0;pre_infusion;2;1;1;0;3;1;1;0;1;10", "a form feed": "\x0c", "a rule": "-" * 60,
    "a long number of fields": ",".join("0" * 20),
}  # fmt: skip
for _name, _line in RAGGED.items():
    add(
        f"among the rows: {_name}",
        lambda k, text=_line: (
            k.csv(k.row(), text, k.row(2)),
            taken(k.kept(2), k.kept(4, 2), aside=[(3, None, "field_count")]),
        ),
    )

add("the header again", lambda k: (k.csv(k.row(), HEAD, k.row(2)), taken(k.kept(2), k.kept(4, 2), aside=unreadable(3))))
add(
    "a file behind another, BOM and all",
    lambda k: (
        two(k) + BOM + k.csv(k.row(3)),
        taken(
            k.kept(2),
            k.kept(3, 2),
            k.kept(5, 3),
            aside=[(4, "clinic_id", "clinic_id_pattern"), *(each for each in unreadable(4) if each[1] != "clinic_id")],
        ),
    ),
)
add(
    "a line of units below the header",
    lambda k: (
        k.csv("text,text,n,days,text" + ",0-3" * 9 + ",0-27", k.row(), k.row(2)),
        taken(k.kept(3), k.kept(4, 2), aside=unreadable(2)),
    ),
)
add(
    "a row of empty cells",
    lambda k: (k.csv(k.row(), "," * 14, k.row(2)), taken(k.kept(2), k.kept(4, 2), aside=no_row(3))),
)
add(
    "a row of empty cells in quotes",
    lambda k: (k.csv(k.row(), ",".join(['""'] * 15), k.row(2)), taken(k.kept(2), k.kept(4, 2), aside=no_row(3))),
)
add(
    "many rows of empty cells at the end, as Excel writes them",
    lambda k: (
        k.csv(k.row(), k.row(2), *["," * 14] * 40),
        taken(k.kept(2), k.kept(3, 2), aside=[each for line in range(4, 44) for each in no_row(line)]),
    ),
)
add(
    "a totals line",
    lambda k: (
        k.csv(k.row(), k.row(2), "Total" + "," * 14 + "20"),
        taken(k.kept(2), k.kept(3, 2), aside=[(4, "clinic_id", "unknown_clinic"), *no_row(4, "clinic_id")]),
    ),
)
add(
    "a line of means",
    lambda k: (
        k.csv(k.row(), k.row(2), "Mean,,,0,,2.0,1.0,1.0,0.0,3.0,1.0,1.0,0.0,1.0,10.0"),
        taken(
            k.kept(2),
            k.kept(3, 2),
            aside=[
                (4, "clinic_id", "unknown_clinic"),
                (4, "patient_id", "patient_id_pattern"),
                (4, "timepoint", "timepoint_unknown"),
            ],
        ),
    ),
)
add("cut in the last line", lambda k: (two(k)[:-9], taken(k.kept(2), aside=[(3, None, "field_count")])))
add(
    "cut in the last cell", lambda k: (two(k, last=False)[:-1], taken(k.kept(2), aside=[(3, None, "total_is_not_sum")]))
)
add(
    "one field short and one too many",
    lambda k: (
        k.csv(k.row(), k.line(3) + ",9", k.line(4).rsplit(",", 1)[0], k.row(2)),
        taken(k.kept(2), k.kept(5, 2), aside=[(3, None, "field_count"), (4, None, "field_count")]),
    ),
)
add(
    "an empty field slipped in, the total pushed out",
    lambda k: (
        k.csv(k.row(), k.line(3).replace(",pre_infusion,", ",pre_infusion,,"), k.row(2)),
        taken(k.kept(2), k.kept(4, 2), aside=[(3, None, "field_count")]),
    ),
)
add(
    "an open quote",
    lambda k: (
        k.csv(k.row(patient_id=f'"{k.who()}'), k.row(2)),
        taken(k.kept(3, 2), aside=[(2, "patient_id", "patient_id_pattern")]),
    ),
)
add(
    "an open quote in the last cell",
    lambda k: (k.csv(k.row(total='"10'), k.row(2)), taken(k.kept(3, 2), aside=[(2, "total", "total_not_whole")])),
)
add(
    "a closing quote only",
    lambda k: (k.csv(k.row(total='10"'), k.row(2)), taken(k.kept(3, 2), aside=[(2, "total", "total_not_whole")])),
)
add(
    "quotes within quotes",
    lambda k: (
        k.csv(k.row(patient_id='"P-""1"""'), k.row(2)),
        taken(k.kept(3, 2), aside=[(2, "patient_id", "patient_id_pattern")]),
    ),
)
add(
    "a blank before the quotes",
    lambda k: (k.csv(k.row(item_1=' "2"'), k.row(2)), taken(k.kept(3, 2), aside=[(2, "item_1", "item_not_whole")])),
)
add(
    "a separator in quotes",
    lambda k: (k.csv(k.row(patient_id='"P,1"'), k.row(2)), taken(k.kept(3, 2), aside=[(2, None, "field_count")])),
)
add(
    "a line feed in quotes",
    lambda k: (
        k.csv(k.row(total='"10\n"'), k.row(2)),
        taken(k.kept(4, 2), aside=[(2, "total", "total_not_whole"), (3, None, "field_count")]),
    ),
)
add("a CR behind a cell is a blank", lambda k: (k.csv(k.row(timepoint="pre_infusion\r"), k.row(2)), k.two()))
add(
    "a CR before a cell",
    lambda k: (
        k.csv(k.row(timepoint="\rpre_infusion"), k.row(2)),
        taken(k.kept(3, 2), aside=[(2, "timepoint", "timepoint_unknown")]),
    ),
)
add(
    "a row ends in CR in a file of LF",
    lambda k: (
        (k.csv(k.row()) + f"{k.line(3)}\r{k.line(4)}\n{k.line(2)}\n".encode()),
        taken(k.kept(2), k.kept(4, 2), aside=[(3, None, "field_count")]),
    ),
)
add(
    "line and paragraph separators of Unicode end no line",
    lambda k: (
        k.csv(k.row(ended="\u2028"), k.row(2, ended="\u0085"), k.row(3)),
        taken(k.kept(4, 3), aside=[(2, "ended", "ended_unknown"), (3, "ended", "ended_unknown")]),
    ),
)
add(
    "one line of 2 MB",
    lambda k: (
        k.csv(k.row(), "0," * 1_000_000, k.row(2)),
        taken(k.kept(2), k.kept(4, 2), aside=[(3, None, "field_count")]),
    ),
)
add("one cell of 2 MB", lambda k: (k.csv(k.row(), k.row(2, ended="x" * 2_000_000)), refused("identifier", "free text")))
add(
    "a name of a column of 2 MB",
    lambda k: (k.csv(k.row(), head=HEAD + "," + "x" * 2_000_000), refused("unknown_column")),
)
add("no header", lambda k: (two(k).split(b"\n", 1)[1], refused("no_header")))
add("a title above the header", lambda k: (b"PHQ-9 export\n" + two(k), refused("no_header")))
add("a comment above the header", lambda k: (b"# PHQ-9\n" + two(k), refused("no_header")))
add("header in commas, rows in semicolons", lambda k: (k.csv(k.line(by=";")), taken(aside=[(2, None, "field_count")])))
add(
    "e-mail in a comment",
    lambda k: (k.csv(k.row(), "# by jane@example.org", k.row(2)), refused("identifier", "e-mail address")),
)
add(
    "name in quotes with a comma",
    lambda k: (k.csv(k.row(), k.row(2, patient_id='"Roe, Jane"')), refused("identifier", "name")),
)
add(
    "telephone number in a long line",
    lambda k: (k.csv(k.row(), k.line(2) + ",555-123-4567"), refused("identifier", "telephone number")),
)

# ---- the columns ------------------------------------------------------------------------------------------------

add("an unknown column", lambda k: (k.csv(k.row(weight="80"), names=[*NAMES, "weight"]), refused("unknown_column")))
add("a date of birth, empty", lambda k: (k.csv(k.row(dob=""), names=[*NAMES, "dob"]), refused("unknown_column")))
add("item 11", lambda k: (k.csv(k.row(item_11="1"), names=[*NAMES, "item_11"]), refused("unknown_column")))
add(
    "a unit in a name",
    lambda k: (
        two(k, head=HEAD.replace("days_since_first_infusion", "days_since_first_infusion (days)")),
        refused("unknown_column"),
    ),
)
add("a column twice", lambda k: (k.csv(k.row(), names=[*NAMES, "total"]), refused("duplicate_column")))
add(
    "a column twice, spelt otherwise",
    lambda k: (k.csv(k.row(**{"Item-1": "2"}), names=[*NAMES, "Item-1"]), refused("duplicate_column")),
)
add("no total column", lambda k: (k.csv(k.row(), names=NAMES[:-1]), refused("missing_column")))
add(
    "PHQ-8: no column for item 9",
    lambda k: (k.csv(k.row(), names=[name for name in NAMES if name != "item_9"]), refused("missing_column")),
)
add("columns of two feeds", lambda k: (k.csv(k.row(sex="female"), names=[*NAMES, "sex"]), refused("mixed_feeds")))
add(
    "leading zeros make two patients",
    lambda k: (
        k.csv(k.row(patient_id=f"00{k.who()}"), k.row()),
        taken(k.kept(2, patient_id=f"00{k.who()}"), k.kept(3)),
    ),
)
add(
    "capitals make two patients",
    lambda k: (
        k.csv(k.row(patient_id=k.who().lower()), k.row()),
        taken(k.kept(2, patient_id=k.who().lower()), k.kept(3)),
    ),
)
add(
    "a bad row costs itself only",
    lambda k: (
        k.csv(*(k.row(n, item_1="x") if n == 7 else k.row(n) for n in range(1, 31))),
        taken(*(k.kept(n + 1, n) for n in range(1, 31) if n != 7), aside=[(8, "item_1", "item_not_whole")]),
    ),
)
add(
    "infusions with no form, in a file of forms",
    lambda k: (
        k.csv(k.row(), k.row(infusion_number="2", days_since_first_infusion="3", total="", **NO_ITEMS)),
        taken(k.kept(2), k.kept(3, infusion_number=2, days_since_first_infusion=3, total=None, **NONE)),
    ),
)
