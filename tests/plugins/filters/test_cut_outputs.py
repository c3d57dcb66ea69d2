"""Outputs that are cut off, and tasks whose input is missing, as a look at one example can tell."""

from __future__ import annotations

import pytest

from selfinstruct.types import Example
from selfinstruct_filters.material import MaterialFilter
from selfinstruct_filters.unfinished import UnfinishedFilter

BEES = "Bees live in hives. They make honey. They dance to show the way. "
STOCK = "Turn the stock into {}: nail 5, hammer 12, screw 40."


@pytest.mark.parametrize(
    ("task", "output", "reason"),
    [
        (STOCK.format("a table"), "| item | count |\n| --- | --- |\n| nail | 5 |\n| hammer |", ""),
        (STOCK.format("a table"), "| item | count |\n| --- | --- |\n| nail | 5 |\n| hammer", "half-a-row"),
        (STOCK.format("a table"), "| item | count |\n| --- | --- |\n| nail | 5 |\n\nThese are all.", ""),
        (STOCK.format("JSON"), '{"nail": 5, "ham', "open-bracket"),
        (STOCK.format("JSON"), '[{"item": "nail", "count": 5}, {"item"', "open-bracket"),
        (STOCK.format("JSON"), '{"nail": 5}', ""),
        (STOCK.format("a set"), "{nail, hammer", ""),
        (STOCK.format("a list"), "nail, hammer, scr", "half-a-word"),
        ("Sort by length: carrot, fig, plum.", "fig, plum, car", "half-a-word"),
        ("Give the singular: towers, cats, mice.", "tower, cat, mouse", ""),
        ("Abbreviate the months: January, September.", "Jan, Sept", ""),
        ("Which weekdays are these?", "Monday, Tuesday, Su", "half-a-word"),
        ("Which weekdays are these?", "Tuesday, Wednesday, Sunday", ""),
        ("Which weekdays are these?", "Tuesday, Wednesday, Mon", "half-a-word"),
        ("Which weekdays are these?", "Tue, Wed, Mon", ""),
        ("Give the plural: cat, goat, lion.", "cats, goats, li", "half-a-word"),
        ("Give the plural: cat, goat, lion.", "cats, goats, lions", ""),
        ("Put in a name: She sat by the fire.", "Ann sat by the fi", "half-a-word"),
        ("Give the singular: They met near the towers.", "They met near the tower", ""),
        ("Find the extremes of 3, 9 and 5.", "Smallest: 3; larg", "half-a-row"),
        ("Find the extremes of 3, 9 and 5.", "Smallest: 3; largest: 9", ""),
        ("Who is a teacher of children?", "Anna can teach", ""),
        ("Tell me about bees.", BEES + "Their queen lays eggs all", "half-a-sentence"),
        ("Tell me about bees.", BEES + "Their queen lays eggs.", ""),
        ("Write to Ann.", BEES + "\n\nYours sincerely,\nTom", ""),
    ],
)
def test_the_end_of_an_output_tells_that_it_is_cut(task: str, output: str, reason: str) -> None:
    assert UnfinishedFilter().evaluate(Example(task, "", output, False, "g0.0")).reason == reason


@pytest.mark.parametrize(
    ("task", "is_classification", "is_kept"),
    [
        ("Convert the given CSV on the shop to JSON: apples and pears.", False, False),
        ("Convert the given CSV to JSON: item,count\nnail,5", False, True),
        ("Anna sells nails. Find the largest count in the given CSV.", False, False),
        ("Write a function that reads the given CSV.", False, True),
        ('Sort the given parcel: below 5 kg "light", else "heavy".', True, False),
        ('Tom labels mail on bills "money", else "other". Label the given note.', True, False),
        ('The parcel weighs 4 kg. Is the given parcel "light" or "heavy"?', True, True),
        ('Classify the given parcel of 4 kg: "light" or "heavy"', True, False),
        ("Decide which of the given labels fits a rose: flower or tree.", True, True),
        ("The sky is blue. Rewrite the given sentence.", False, True),
        ("Ann sells nails, hooks and bolts. Total the given stock of each.", False, False),
        ("Ann sells 3 nails, 4 hooks and 9 bolts. Total the given stock.", False, True),
        ("Ann sells two nails and five hooks. Add up the given stock.", False, True),
        ('Bo ships vans. Is the given load "light" below 11, "heavy" above 300, else "normal"?', True, False),
        ('Bo ships 40 vans. Is the given load "light" below 11, "heavy" above 300, else "normal"?', True, True),
        ("Write a method that will add up the given prices.", False, True),
    ],
)
def test_a_task_that_points_at_an_input_needs_one(task: str, is_classification: bool, is_kept: bool) -> None:
    assert MaterialFilter().evaluate(Example(task, "", "said", is_classification, "g0.0")).keep == is_kept
