"""Write the marked parts of README.md, docs/sending.md and docs/running.md in the current folder anew."""

from pathlib import Path

from outcomes.cli import _parser
from outcomes.documents import commands_table, contract_table, measures_table, rewritten, settings_table
from outcomes.guides import guide_words
from outcomes.paths import data_folder
from schemas.feeds import FEEDS
from schemas.measures import read_measures


def main() -> None:
    """Rewrite the documents where a part is not what it should be."""
    readme = Path("README.md")
    _, measures = read_measures(data_folder() / "measures.toml")
    parts = {
        "measures": measures_table(measures),
        **{f"contract of {feed}": contract_table(contract) for feed, contract in FEEDS.items()},
        "commands": commands_table(_parser()),
    }
    readme.write_text(rewritten(readme.read_text("utf-8"), parts), "utf-8")
    sending = Path("docs/sending.md")
    words = {f"words of {feed}": guide_words(contract) for feed, contract in FEEDS.items()}
    running = Path("docs/running.md")
    running.write_text(rewritten(running.read_text("utf-8"), {"settings": settings_table()}), "utf-8")
    sending.write_text(rewritten(sending.read_text("utf-8"), words), "utf-8")


if __name__ == "__main__":
    main()
