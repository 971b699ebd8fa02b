"""Pages that are alive: the explorer's files are put beside those pages that use them, and loaded by no others."""

from os.path import relpath
from pathlib import Path

from medlstm.book import explorer
from medlstm.book.forms import pages

PARTS = {'class="lstm-explorer"': "explorer", 'id="fig-cover"': "cover"}
"""What a page must hold to load a script of that name."""


def enliven(app, error):
    """Write the scripts, and ask for them at the end of the pages that use them."""
    if error is None and app.builder.name == "html":
        site = Path(app.outdir)
        explorer.write(site / "explorer")
        for page in pages(site):
            html = page.read_text()
            if scripts := [name for part, name in PARTS.items() if part in html]:
                folder = relpath(site / "explorer", page.parent)
                head, _, body = html.partition("</head>")
                body, _, end = body.rpartition("</body>")
                style = f'<link rel="stylesheet" href="{folder}/explorer.css"/>\n'
                tags = "".join(f'<script defer="" src="{folder}/{name}.js"></script>\n' for name in scripts)
                page.write_text(f"{head}{style}</head>{body}{tags}</body>{end}")


def setup(app):
    app.connect("build-finished", enliven, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
