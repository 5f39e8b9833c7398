"""What a file of data/ that breaks its contract raises."""


class DataFileError(Exception):
    """A file of data/ breaks its contract. Each fault names file, row and key."""

    reason_code = "data_file_wrong"

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults
