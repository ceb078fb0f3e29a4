"""The page on security shows the table of rights as the code has it."""

from pathlib import Path

from stream.access import markdown

PAGE = Path(__file__).parents[2] / "docs" / "security.md"


def test_the_page_shows_the_table_of_the_code() -> None:
    """The table that is tried on a real broker is the one that people read: `weir access --markdown` writes it."""
    assert markdown() in PAGE.read_text()
