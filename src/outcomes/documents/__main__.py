"""Write anew, in the current folder: the marked parts of README.md and docs/, and docs/data_dictionary.md."""

from pathlib import Path

from outcomes.cli import _parser
from outcomes.documents import commands_table, contract_table, measures_table, rewritten, settings_table
from outcomes.documents.auditing import auditing_parts, dictionary_text
from outcomes.documents.speed import last_whole_run, speed_part
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
        "speed": speed_part(last_whole_run(Path("bench") / "results.jsonl")),
    }
    readme.write_text(rewritten(readme.read_text("utf-8"), parts), "utf-8")
    sending = Path("docs/sending.md")
    words = {f"words of {feed}": guide_words(contract) for feed, contract in FEEDS.items()}
    running = Path("docs/running.md")
    running.write_text(rewritten(running.read_text("utf-8"), {"settings": settings_table()}), "utf-8")
    sending.write_text(rewritten(sending.read_text("utf-8"), words), "utf-8")
    auditing = Path("docs/auditing.md")
    auditing.write_text(rewritten(auditing.read_text("utf-8"), auditing_parts()), "utf-8")
    Path("docs/data_dictionary.md").write_text(dictionary_text(), "utf-8")


if __name__ == "__main__":
    main()
