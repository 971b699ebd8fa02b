"""A menu at the top of each chapter that opens it on another computer, if it is known where the book is published."""

from medlstm.book.chapters import chapters
from medlstm.book.repository import launch_buttons, publisher


def launch(app, page, template, context, doctree):
    """Add the menu to the page of a chapter."""
    folder, _, name = page.rpartition("/")
    if folder == "chapters" and name in {path.stem for path in chapters()}:
        context["header_buttons"] += launch_buttons(name, publisher())


def setup(app):
    app.connect("html-page-context", launch, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
