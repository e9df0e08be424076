"""Numbers and decades as they are spelt out."""

_ONES = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
NUMBERS = _ONES | _TENS | {"hundred": 100}
NUMBERS |= {f"{tens} {one}": _TENS[tens] + n for tens in _TENS for one, n in _ONES.items() if 0 < n < 10}
NUMBERS |= {f"{one} hundred": 100 * n for one, n in _ONES.items() if 0 < n < 10}
"""What a word for a number stands for."""

DECADES = {
    "twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70, "eighties": 80, "nineties": 90, "ninties": 90, "ninetees": 90, "eightees": 80, "eigthies": 80, "sevnties": 70, "seventys": 70, "fourties": 40,
    "two thousands": 2000, "twenty tens": 2010, "noughties": 2000, "aughts": 2000, "naughties": 2000,
}  # fmt: skip
"""The decade that a word names, slips included: without a century where it may be of any."""

NTH = {
    word: n
    for n, words in enumerate(
        ("first 1st original", "second 2nd", "third 3rd", "fourth 4th", "fifth 5th", "sixth 6th", "seventh 7th"), 1
    )
    for word in words.split()
}
"""The place that a word gives something in a series."""
