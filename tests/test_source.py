"""Places in files: the order that they are told in."""

from __future__ import annotations

from mllint.source import Span


def test_places_are_in_the_order_of_the_file():
    places = [Span("b.py", 1), Span("a.ipynb", 1, cell=2), Span("a.ipynb", 9, cell=1), Span("a.ipynb", 3)]
    assert sorted(places) == [places[3], places[2], places[1], places[0]]
    assert max(places) == places[0]


def test_the_same_place_twice_has_no_order():
    assert not Span("a.py", 1) < Span("a.py", 1)
    assert sorted([(Span("a.py", 1), "y"), (Span("a.py", 1), "x")])[0][1] == "x"
