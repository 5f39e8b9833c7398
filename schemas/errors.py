"""What a file of data/ that breaks its contract raises."""

import re


class DataFileError(Exception):
    """A file of data/ breaks its contract. Each fault names file, row and key."""

    reason_code = "data_file_wrong"

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


# What a person is to write, by the type that is read of it.
IN_WORDS: dict[type, str] = {
    bool: "true or false, without quotes",
    str: "a text in quotes",
    int: "a whole number, without quotes",
    list: 'a list, as ["a", "b"]',
    dict: "a table",
}


def called(key: str) -> str:
    """A key that a person wrote, as it may be said: what is no plain word may be somebody's name or number."""
    return key if re.fullmatch(r"[a-z][a-z_]{0,39}[0-9]{0,2}", key) else "a key that is no plain word"
