"""Write the marked tables of the README.md of the current folder anew."""

from pathlib import Path

from outcomes.cli import _parser
from outcomes.documents import commands_table, contract_table, measures_table, rewritten
from outcomes.paths import data_folder
from schemas.feeds import FEEDS
from schemas.measures import read_measures


def main() -> None:
    """Rewrite README.md where a table is not what it should be."""
    readme = Path("README.md")
    _, measures = read_measures(data_folder() / "measures.toml")
    parts = {
        "measures": measures_table(measures),
        **{f"contract of {feed}": contract_table(contract) for feed, contract in FEEDS.items()},
        "commands": commands_table(_parser()),
    }
    readme.write_text(rewritten(readme.read_text("utf-8"), parts), "utf-8")


if __name__ == "__main__":
    main()
