"""The picture on the first page."""

from medlstm.book import cover


def test_the_cover_is_drawn_from_the_stored_network(tmp_path):
    cover.draw(tmp_path / "cover.png")
    assert (tmp_path / "cover.png").read_bytes()[:4] == b"\x89PNG"
