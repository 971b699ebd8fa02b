"""Repairs to the site: scripts that the theme lists twice, and downloads that are made for reading on their own."""

from pathlib import Path

import nbformat

from medlstm.book.chapters import chapters
from medlstm.book.readers import readers_copy


def tidy(app, page, template, context, doctree):
    """Keep each script once; leave out Thebe's, which would fetch itself from elsewhere."""
    kept = {}
    for script in context["script_files"]:
        what = (str(script.filename), str(sorted(script.attributes.items())))
        if "thebe" not in "".join(what).lower():
            kept.setdefault(what, script)
    context["script_files"] = list(kept.values())


def replace_downloads(app, error):
    """Behind the download button of a chapter put the reader's copy, which says what it lacks elsewhere."""
    for path in chapters():
        download = Path(app.outdir) / "_sources" / "chapters" / path.name
        if download.is_file():
            nbformat.write(readers_copy(path, alone=True), download)


def setup(app):
    app.connect("html-page-context", tidy, priority=900)
    app.connect("build-finished", replace_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
