"""Repairs to the site while it is written: scripts listed twice, a footer, a page for what is missing, downloads.

And a mark behind the text cells of the core chapters, at which `medlstm.book.slides` cuts the pages.
"""

from html import escape
from pathlib import Path

import nbformat

from medlstm.book import scripts
from medlstm.book.chapters import CORE, chapters
from medlstm.book.readers import readers_copy


def tidy(app, page, template, context, doctree):
    """Keep each script once; leave out Thebe's, which would fetch itself from elsewhere."""
    kept = {}
    for script in context["script_files"]:
        what = (str(script.filename), str(sorted(script.attributes.items())))
        if "thebe" not in "".join(what).lower():
            kept.setdefault(what, script)
    context["script_files"] = list(kept.values())


def footer(app, page, template, context, doctree):
    """Licences, source and archive stand below each page as far as their addresses are known."""
    links = [f'<a href="{escape(url)}">{escape(name)}</a>' for name, url in app.config.book_links.items() if url]
    context["theme_extra_footer"] = "<p>" + " \u00b7 ".join(links) + "</p>"


def page_not_found(app):
    """What a web server shows in place of a page that is not there."""
    body = (
        "<h1>There is no such page</h1><p>It may have moved when the book grew. "
        '<a href="index.html">The first page</a> shows the way through, and '
        '<a href="search.html">the search</a> knows every word of the book.</p>'
    )
    yield "404", {"title": "There is no such page", "body": body}, "page.html"


def mark_cells(app, page, source):
    """Say behind each text cell of a core chapter which it was, in a comment that no reader sees."""
    if app.builder.name == "html" and page in {f"chapters/{name}" for name in CORE}:
        notebook = nbformat.reads(source[0], as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source += f"\n\n<!-- cell {cell.id} -->\n"
        source[0] = nbformat.writes(notebook)


def replace_downloads(app, error):
    """Behind the download button of a chapter put the reader's copy, which says what it lacks, and a script."""
    for path in chapters():
        download = Path(app.outdir) / "_sources" / "chapters" / path.name
        if download.is_file():
            nbformat.write(readers_copy(path, alone=True), download)
            download.with_suffix(".py").write_text(scripts.script(path))


def setup(app):
    app.add_config_value("book_links", {}, "html")
    app.connect("source-read", mark_cells)
    app.connect("html-page-context", tidy, priority=900)
    app.connect("html-page-context", footer, priority=900)
    app.connect("html-collect-pages", page_not_found)
    app.connect("build-finished", replace_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
