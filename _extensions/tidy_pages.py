"""A repair to each page: the theme lists some scripts twice, and one for a button the book does not have."""


def tidy(app, page, template, context, doctree):
    """Keep each script once; leave out Thebe's, which would fetch itself from elsewhere."""
    kept = {}
    for script in context["script_files"]:
        what = (str(script.filename), str(sorted(script.attributes.items())))
        if "thebe" not in "".join(what).lower():
            kept.setdefault(what, script)
    context["script_files"] = list(kept.values())


def setup(app):
    app.connect("html-page-context", tidy, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
