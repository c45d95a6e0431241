"""Tests: which characters a name may have, and which names are equal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RuleViolation
from shared.values.names import fold_name, fold_prefix, normalize_name


@pytest.mark.parametrize(
    "name", ["a", "a" * 128, "  a  ", "\ta\n", "Åse & Sønn A/S", "株式会社", "O'Neil 😀", "a\u00a0b"]
)
def test_normalize_name_trims_a_valid_name(name: str) -> None:
    assert normalize_name(name) == name.strip()


@pytest.mark.parametrize("name", ["", " ", "\u3000", "a" * 129])
def test_normalize_name_requires_1_to_128_characters(name: str) -> None:
    with pytest.raises(RuleViolation, match="limits are 1 and 128") as broken:
        normalize_name(name)
    assert broken.value.entry["code"] == "name_length"


@pytest.mark.parametrize(
    "character",
    [
        *"\x00\x07\n\x7f\x85\u2028\u2029",  # controls and line separators
        *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",  # bidirectional
        *"\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u115f\u1160\u17b4\u180b\u180e\u3164\ufe0f\uffa0",  # no width
        *"\U000e0101\U0001d159\U00013441\U00013442\U00016fe4",
        *"\u2800\u2065\ufffe\ue000",  # blank, unassigned, no character, private
        "\ud800",
    ],
)
def test_normalize_name_refuses_an_invisible_character_and_names_it(character: str) -> None:
    with pytest.raises(RuleViolation) as broken:
        normalize_name(f"ab{character}c")
    assert broken.value.entry["code"] == "name_characters"
    assert f"the invisible character U+{ord(character):04X} at position 3" in broken.value.entry["detail"]


@pytest.mark.parametrize(
    "name",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian: a non-joiner between joining letters
        "\u0915\u094d\u200d\u0937",  # Devanagari: a joiner after a virama
        "\u0d28\u0d4d\u200c\u0d31",  # Malayalam: a non-joiner after a virama
        "\U0001f469\u200d\U0001f4bb Studio",  # a woman technologist
        "\U0001f469\U0001f3fd\u200d\u2695\ufe0f Praxis",  # with a skin tone and an emoji style
        "\u2764\ufe0f\u200d\U0001f525",
        "\U0001f642\u200d\u2194\ufe0f",
        "\u2764\ufe0f Bakery",
        "1\ufe0f\u20e3 First",
        "Th\u00e9\u0302\u0323",  # Vietnamese, decomposed in part
        "\u0f62\u0f9c\u0fb7\u0fb2\u0f71\u0f72\u0f7e",  # Tibetan: letters below a letter, then marks
        "\u05e9\u05c1\u05bc\u05b8\u05dc\u05d5\u05b9\u05dd",  # Hebrew with points
        "\u0e1b\u0e35\u0e48\u0e17\u0e35\u0e48",  # Thai: a vowel and a tone on one letter
        "\u1019\u103c\u103d\u103e\u102c",  # Burmese: three medials and a vowel
    ],
)
def test_normalize_name_accepts_joiners_and_marks_that_a_language_needs(name: str) -> None:
    assert normalize_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["a\u200db", "a\u200cb", "\u200dab", "ab\u200d!", "\u0645\u200c", "\U0001f469\u200da", "a\u200d\U0001f4bb",
     "\u2764\ufe0f\ufe0f", "a\ufe0f", "\ufe0f1", "1\ufe0f"],
)  # fmt: skip
def test_normalize_name_rejects_a_joiner_without_need(name: str) -> None:
    with pytest.raises(RuleViolation, match="the invisible character U\\+"):
        normalize_name(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("\u0301", "the combining mark U+0301 without a letter before it"),
        ("\u0301abc", "the combining mark U+0301 without a letter"),
        ("abc \u0301", "the combining mark U+0301 without a letter"),
        ("\u20dd", "the combining mark U+20DD without a letter"),
        ("a" + "\u0301" * 5, "more than 4 combining marks on one letter, such as U+0301"),
        ("Z" + "\u0e47" * 5, "more than 4 combining marks"),
        ("\u00e9" + "\u0302" * 4, "more than 4 combining marks"),
    ],
)
def test_normalize_name_rejects_marks_that_no_language_uses(name: str, words: str) -> None:
    with pytest.raises(RuleViolation) as broken:
        normalize_name(name)
    assert words in broken.value.entry["detail"]
    assert broken.value.entry["code"] == "name_characters"


def test_four_marks_on_each_of_many_letters_are_accepted() -> None:
    assert normalize_name(("a" + "\u0301" * 4) * 25)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u062e"),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u0937"),
        ("\u2764\ufe0f", "\u2764"),
        ("Acme", "ACME"),
        ("Acme", "  acme "),
        ("A  B", "a b"),
        ("A\u00a0B", "a b"),
        ("Straße", "STRASSE"),
        ("é", "e\u0301"),
        ("ﬁn", "fin"),
        ("\uff21\uff43\uff4d\uff45", "acme"),
        ("ΣΑΣ", "σας"),
        ("\u0390", "\u03aa\u0301"),
        ("\u1fb3", "\u03b1\u03b9"),
    ],
)
def test_fold_name_makes_equal_names_equal(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


@pytest.mark.parametrize(("one", "other"), [("Acme", "Acme 2"), ("a b", "ab"), ("e", "é"), ("0", "O")])
def test_fold_name_keeps_different_names_apart(one: str, other: str) -> None:
    assert fold_name(one) != fold_name(other)


@given(st.text(max_size=140))
def test_fold_name_is_idempotent_and_fits_a_key(name: str) -> None:
    folded = fold_name(name)
    assert fold_name(folded) == folded
    try:
        cleaned = normalize_name(name)
    except RuleViolation:
        return
    assert 1 <= len(fold_name(cleaned).encode()) <= 1024
    assert not {unicodedata.category(character) for character in cleaned} & {"Cc", "Cf", "Cs"}


def test_normalize_name_refuses_a_name_whose_folded_form_is_too_long() -> None:
    assert normalize_name("\ufdfa" * 30)
    with pytest.raises(RuleViolation, match="ligatures"):
        normalize_name("\ufdfa" * 128)


def test_fold_prefix_preserves_a_final_space() -> None:
    assert fold_prefix("  SEC") == "sec"
    assert fold_prefix("Sec ") == "sec "
    assert not fold_prefix(" ")
    assert fold_prefix("\ufdfa" * 128) is None


def test_folded_name_may_fill_a_key_exactly() -> None:
    name = "\ufdfa" * 31 + "a"
    assert len(fold_name(name).encode()) == 1024
    assert normalize_name(name) == name
    assert fold_prefix(name) == fold_name(name)
    for longer in (name + "a", "\ufdfa" * 128):
        assert fold_prefix(longer) is None
        with pytest.raises(RuleViolation) as broken:
            normalize_name(longer, "/display_name")
        assert broken.value.entry == {
            "code": "name_length",
            "pointer": "/display_name",
            "detail": "The text is too long once its ligatures are written out. Shorten it.",
        }
