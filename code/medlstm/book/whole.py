"""What is the book where no site shows it? Its pages in reading order, still, open, and joined into one.

The pages of the built site are taken as they are, so that paper and reader show the same numbers for chapters,
figures, equations and exercises. What only a screen can do goes: buttons, folds, scripts. What a fold kept from the
eye goes to the end of the book.
"""

import re
from datetime import date
from os.path import normpath
from typing import NamedTuple

import yaml
from bs4 import BeautifulSoup, Tag

from medlstm.book.forms import LINK, SITE
from medlstm.files import ROOT

ONLY_ON_SCREEN = ".headerlink, script, style, .toctree-wrapper, .lstm-explorer, details.above-input, svg.sd-octicon"
ATTRIBUTES = ("tabindex", "role", "aria-label", "loading", "title", "data-head")
LETTERS = "abcdefgh"
UNFIT = re.compile(r"[^\w.-]")  # in an id that every form can bear


class Facts(NamedTuple):
    """What a title page says."""

    title: str
    subtitle: str
    authors: str
    version: str
    date: date
    rights: str


def facts():
    """Title, authors, version and date of this edition, as one cites it."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    title, _, subtitle = cited["title"].partition(": ")
    names = [who.get("name") or f"{who['given-names']} {who['family-names']}" for who in cited["authors"]]
    rights = "Text and figures: CC BY 4.0. Code: MIT."
    return Facts(title, subtitle, ", ".join(names), str(cited["version"]), cited["date-released"], rights)


class Page(NamedTuple):
    """A page of the book: its name, the part of the book it stands in, its title with its number, its article."""

    name: str
    part: str
    title: str
    article: Tag


def pages(site=SITE):
    """The pages of the built site, from the first to the last.

    Each id begins with the name of its page, ``gate-equations--sec-forget``, and each link within the book leads to
    such an id, ``#gate-equations--sec-forget``, or to a page, ``#gate-equations``: they hold in whatever files the
    pages end.

    Returns
    -------
    list of Page

    Raises
    ------
    ValueError
        If the site is not built, or lacks a page.
    """
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [("", contents["root"])]
    for part in contents["parts"]:
        for chapter in part["chapters"]:
            files += [(part["caption"], entry["file"]) for entry in (chapter, *chapter.get("sections", []))]
    return [_page(site, file, part) for part, file in files]


def _page(site, file, part):
    path = site / f"{file}.html"
    if not path.is_file():
        raise ValueError(f"expected the built site in {site}, got no {file}.html there; type `make book` first")
    html = re.search(r"<article.*?</article>", LINK.sub("", path.read_text()), re.S)[0]
    article = BeautifulSoup(html, "html.parser").article.section.extract()
    _make_still(article)
    _make_global(article, file, site)
    return Page(name_of(file), part, article.h1.get_text(), article)


def name_of(file):
    """The name of a page by its file; a chapter's page for the teacher is not called as the chapter is."""
    name = "data-sheet" if file.endswith("README") else file.rpartition("/")[2]
    return f"notes-{name}" if "notes/" in file else name


def _make_still(article):
    """Leave out what needs a screen; open every fold that holds no solution."""
    for needless in article.select(ONLY_ON_SCREEN):
        needless.decompose()
    for box in article.select("details.below-input"):
        box.summary.decompose()
        box.unwrap()
    for wrapper in article.select("a.large, .plot, a[href^='#explorer']"):
        wrapper.unwrap()
    for cell in article.select("div.cell"):
        if not cell.get_text(strip=True) and not cell.img:
            cell.decompose()
    for tag in article.find_all(True):
        for name in ATTRIBUTES:
            tag.attrs.pop(name, None)


def _make_global(article, file, site):
    """Ids and links that hold in the whole book; images by their place on this machine."""
    name, folder = name_of(file), file.rpartition("/")[0]
    article.attrs = {"class": ["page"], "id": name}
    for tag in article.find_all(id=True):
        tag["id"] = _global(name, tag["id"])
    for link in article.select("a[href]"):
        address, _, place = link["href"].partition("#")
        if not re.match(r"\w+:", address):
            target = name_of(normpath(f"{folder}/{address}").removesuffix(".html")) if address else name
            link["href"] = f"#{_global(target, place)}" if place else f"#{target}"
    for image in article.select("img"):
        image["src"] = str((site / folder / image["src"]).resolve())


def _global(name, place):
    return f"{name}--{UNFIT.sub('-', place)[:80]}"  # PDF knows no names of more than 127 letters


class Last(NamedTuple):
    """What stands at the end of the book for one of its pages: hints and solutions, in the order of the page."""

    hints: list
    solutions: list


def answers_last(page):
    """Take hints and solutions out of a page; links lead from each exercise to both, and back.

    A question of a quiz keeps its possible answers, with letters; what each is worth goes with the solutions.

    Returns
    -------
    Last
    """
    last = Last([], [])
    for exercise in page.article.select("div.exercise"):
        solution, hint = exercise.find_next("div", class_="solution"), exercise.find_next_sibling("div")
        links = [("Solution", solution)]
        if "hint" in hint["class"]:
            last.hints.append(_hint_to(exercise, hint.extract()))
            links.insert(0, ("Hint", hint))
        solution.replace_with(_links(links))
        solution["class"] = ["solution"]
        _lead_back(solution.p.a)
        last.solutions.append(solution)
    asked = [section for section in page.article.select("section") if section.find("details", recursive=False)]
    last.solutions.extend(map(_answers_to, asked))
    return last


def _hint_to(exercise, hint):
    """A hint that says what it is a hint to."""
    hint["class"], hint["id"] = ["hint"], f"{exercise['id']}-hint"
    title, link = hint.p, _new("a", href=f"#{exercise['id']}")
    link.string = exercise.p.get_text()
    title.string = "Hint to "
    title.append(link)
    _lead_back(link)
    return hint


def _answers_to(question):
    """The verdicts on the answers to a question of a quiz, taken out of the page."""
    heading = question.find(re.compile("h[1-6]"))
    answers = _new("div", id=f"{question['id']}-answers", attrs={"class": "solution"})
    title, choices = _new("p", attrs={"class": "admonition-title"}), _new("ol", attrs={"class": "choices"})
    back = _new("a", href=f"#{question['id']}")
    back.string = heading.get_text()
    _lead_back(back)
    title.append(back)
    answers.append(title)
    for letter, fold in zip(LETTERS, question.find_all("details", recursive=False)):
        choice, verdict = _new("li"), fold.select_one(".sd-summary-content").p.extract()
        choice.extend(list(fold.select_one(".sd-summary-text").contents))
        choices.append(choice)
        verdict.attrs = {}
        verdict.insert(0, f"({letter}) ")
        answers.append(verdict)
        fold.decompose()
    heading.insert_after(choices)
    choices.insert_after(_links([("Answers", answers)]))
    return answers


def _links(targets):
    """A line with links to what was taken out."""
    line = _new("p", attrs={"class": "to-answers"})
    for words, target in targets:
        link = _new("a", href=f"#{target['id']}", attrs={"class": "paged"})
        link.string = words
        line.extend([" \u00b7 ", link] if line.contents else [link])
    return line


def _lead_back(link):
    """A link from the end of the book to an exercise."""
    link["class"] = ["paged"]


def _new(name, **attributes):
    return BeautifulSoup("", "html.parser").new_tag(name, **attributes)
