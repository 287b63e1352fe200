"""Invent names of people, places and things that nobody and nowhere has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mapping.synthetic.calibration import Ints, Texts

GIVEN = (
    "Aster",
    "Brindle",
    "Calloo",
    "Dapplin",
    "Elsin",
    "Fernie",
    "Gildor",
    "Hazelo",
    "Inkerly",
    "Jorvo",
    "Kestrin",
    "Lumo",
    "Merrilo",
    "Nettie",
    "Orlo",
    "Pippet",
    "Quenby",
    "Rusko",
    "Sorrelo",
    "Tansy",
    "Umber",
    "Velvo",
    "Wrenlo",
    "Xanto",
    "Yarro",
    "Zephie",
    "Ambrel",
    "Bexlo",
    "Corvin",
    "Dovey",
    "Emberlo",
    "Fliss",
    "Gorsel",
    "Hollin",
    "Ivelo",
    "Junipel",
    "Korin",
    "Larkin",
    "Mossie",
    "Nimbo",
    "Ottlie",
    "Plumo",
    "Quillo",
    "Rowlo",
    "Sedgie",
    "Thistel",
    "Ursel",
    "Vetchie",
    "Willo",
    "Yewlin",
    "Zinnel",
    "Bramlo",
    "Clovie",
    "Drifta",
    "Eldero",
    "Figgy",
    "Gristo",
    "Heathlo",
    "Iriso",
    "Jasko",
    "Kelpie",
    "Lindel",
    "Myrtlo",
    "Nutmo",
)
FAMILY_FIRST = (
    "Quill",
    "Tarn",
    "Ember",
    "Puddle",
    "Wren",
    "Marrow",
    "Sorrel",
    "Fennel",
    "Bracken",
    "Cobble",
    "Dapple",
    "Flint",
    "Gossa",
    "Hazel",
    "Juniper",
    "Kestrel",
    "Lantern",
    "Mossy",
    "Nettle",
    "Otter",
    "Pebble",
    "Russet",
    "Saffron",
    "Thistle",
    "Umber",
    "Velvet",
    "Willow",
    "Yarrow",
    "Bramble",
    "Clover",
)
FAMILY_LAST = (
    "fen",
    "buckle",
    "whistle",
    "quist",
    "feather",
    "kettle",
    "button",
    "thimble",
    "pocket",
    "sprocket",
    "bobbin",
    "ribbon",
    "spindle",
    "tassel",
    "mitten",
    "parasol",
    "cushion",
    "saddle",
    "sparrow",
    "finch",
    "candle",
    "teapot",
    "biscuit",
    "marble",
    "trumpet",
    "fiddle",
    "clatter",
    "tumble",
    "drizzle",
    "fidget",
)
WARD_FIRST = (
    "Aldrith",
    "Brenquill",
    "Corvash",
    "Dunvell",
    "Elquist",
    "Fenwhistle",
    "Garrowmel",
    "Hexwold",
    "Ivelquay",
    "Jorrastock",
    "Kelmarsk",
    "Lorrimoss",
    "Marvenholt",
    "Norrisquay",
    "Ostrefen",
    "Pellmere",
    "Quenderby",
    "Rivvenshaw",
    "Sallowquist",
    "Tavvermoor",
    "Umberfold",
    "Velmarch",
    "Wexlingard",
    "Yarrowsett",
    "Zellhope",
    "Ambervane",
    "Brackenquoy",
    "Cindermel",
    "Drovewick",
    "Emmerquay",
    "Foxglint",
    "Gildershade",
)
WARD_LAST = ("", "North", "South", "East", "West", "Central", "Upper", "Lower", "Old", "New")
AUTHORITIES = {
    "E08999001": "Quillmarsk",
    "E08999002": "Ostrenvale",
    "E08999003": "Pellwythe",
    "E08999004": "Dunsorrow",
    "E08999005": "Tamberlay",
}
PLACE_FIRST = (
    "Otterbell",
    "Copperfinch",
    "Mallowgate",
    "Thornquill",
    "Dapplemere",
    "Ravenbutton",
    "Saltwhistle",
    "Juniperly",
    "Larkspindle",
    "Emberwell",
    "Kitefeather",
    "Mosswhistle",
    "Brindlecote",
    "Wrenbobbin",
    "Heronquist",
    "Fennelgate",
    "Pebblequay",
    "Sorrelbank",
    "Tumbleside",
    "Owlthimble",
    "Barleyquist",
    "Candlemoss",
    "Dewbuckle",
    "Elderquay",
    "Flintribbon",
    "Gorsebobbin",
    "Hollowkettle",
    "Inkwellby",
    "Jackdawside",
    "Knotfeather",
)
PLACE_LAST = {
    "school": ("Academy", "High School", "College", "Learning Centre"),
    "childrens_home": ("House", "Lodge", "View"),
    "semi_independent": ("Court", "Flats"),
    "foster_home": ("Foster home",),
    "hospital": ("Infirmary",),
    "park": ("Park", "Recreation Ground", "Playing Fields", "Gardens"),
    "transport": ("Interchange", "Tram Stop", "Station"),
    "retail": ("Arcade", "Retail Park", "Precinct"),
    "food_outlet": ("Chicken", "Pizza", "Kebab House", "Desserts"),
    "licensed": ("Shisha Lounge", "Snooker Club"),
    "hotel": ("Hotel", "Guest House"),
    "online": ("app", "game server", "group chat"),
    "other": ("Car Park", "Empty Mill"),
}
PROVIDERS = ("Gentle Lantern Care", "Northlight Bobbin Homes", "Harbour Thimble Care", "Quillmarsk Council")


def person_names(rng: np.random.Generator, count: int) -> tuple[Texts, Texts]:
    """Return given and family names, no two people alike until the names run out."""
    total = len(GIVEN) * len(FAMILY_FIRST) * len(FAMILY_LAST)
    chosen = rng.permutation(total)[np.arange(count) % total]
    rest, last = np.divmod(chosen, len(FAMILY_LAST))
    given, first = np.divmod(rest, len(FAMILY_FIRST))
    family = np.array(FAMILY_FIRST, dtype=object)[first] + np.array(FAMILY_LAST, dtype=object)[last]
    return np.array(GIVEN, dtype=object)[given], family


def ward_names(count: int) -> list[str]:
    """Return ward names, each once; a thousand and more get a number."""
    return combined(WARD_FIRST, WARD_LAST, count)


def place_names(rng: np.random.Generator, kind: str, count: int) -> list[str]:
    """Return names of places of one kind."""
    first = [PLACE_FIRST[index] for index in rng.permutation(len(PLACE_FIRST))]
    kinds = PLACE_LAST[kind]
    return [_place_name(first, kinds, index) for index in range(count)]


def _place_name(first: Sequence[str], kinds: Sequence[str], index: int) -> str:
    number = index // len(first)
    name = f"{first[index % len(first)]} {kinds[index % len(kinds)]}"
    return f"{name} {number + 1}" if number else name


def combined(first: Sequence[str], last: Sequence[str], count: int) -> list[str]:
    """Return `count` pairs of words, the first words running fastest; a number follows when pairs run out."""
    names: list[str] = []
    for index in range(count):
        rest, word = divmod(index, len(first))
        number, second = divmod(rest, len(last))
        parts = (first[word], last[second], str(number + 1) if number else "")
        names.append(" ".join(part for part in parts if part))
    return names


def labelled(prefix: str, numbers: Ints, *, width: int = 6) -> Texts:
    """Return ids such as P000012; a number below zero is nothing."""
    text = np.char.add(prefix, np.char.zfill(np.maximum(numbers, 0).astype(str), width)).astype(object)
    text[numbers < 0] = ""
    return text
