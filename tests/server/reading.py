"""A page as a browser takes it in: its elements, the text of each, and where each is."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br"}


class Element:
    """An element with its attributes, the elements inside, and the text of all of them."""

    def __init__(self, tag, attributes):
        self.tag = tag
        self.attributes = dict(attributes)
        self.inside = []
        self.text = ""

    def all(self, tag, **attributes):
        """Return the elements below with this tag and these attributes; ``class_`` is ``class``."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [one for one in self.below() if one.tag == tag and wanted.items() <= one.attributes.items()]

    def only(self, tag, **attributes):
        """Return the one element below with this tag and these attributes."""
        (found,) = self.all(tag, **attributes)
        return found

    def below(self):
        for one in self.inside:
            yield one
            yield from one.below()

    def rows(self):
        """Return the texts of the cells of each row of a table."""
        return [[cell.text.strip() for cell in row.inside] for row in self.all("tr")]


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag, attrs):
        element = Element(tag, attrs)
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        for element in self.open:
            element.text += data


def read(html):
    """Return the root of a page; fail if an element does not end where it should."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert len(reader.open) == 1
    return reader.open[0]
