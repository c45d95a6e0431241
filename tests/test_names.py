import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RuleViolation
from shared.values.names import fold_name, fold_prefix, normalize_name


@pytest.mark.parametrize(
    "name", ["a", "a" * 128, "  a  ", "\ta\n", "Åse & Sønn A/S", "株式会社", "O'Neil 😀", "a\u00a0b"]
)
def test_a_good_name_is_kept_without_the_space_at_its_ends(name: str) -> None:
    assert normalize_name(name) == name.strip()


@pytest.mark.parametrize("name", ["", " ", "\u3000", "a" * 129])
def test_a_name_has_1_to_128_characters_after_trimming(name: str) -> None:
    with pytest.raises(RuleViolation, match="1 to 128") as broken:
        normalize_name(name)
    assert broken.value.entry["code"] == "name_length"


@pytest.mark.parametrize(
    "character",
    [
        *"\x00\x07\n\x7f\x85\u2028\u2029",  # controls and line separators
        *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",  # bidirectional
        *"\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u115f\u1160\u17b4\u180b\u180e\u3164\ufe0f\uffa0",  # no width
        "\U000e0101",
        *"\u2800\u2065\ufffe\ue000",  # blank, unassigned, no character, private
        "\ud800",
    ],
)
def test_an_invisible_character_is_refused_and_named(character: str) -> None:
    with pytest.raises(RuleViolation) as broken:
        normalize_name(f"ab{character}c")
    assert broken.value.entry["code"] == "name_characters"
    assert f"U+{ord(character):04X} out of the name (character 3)" in broken.value.entry["detail"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
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
def test_names_that_are_the_same(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


@pytest.mark.parametrize(("one", "other"), [("Acme", "Acme 2"), ("a b", "ab"), ("e", "é"), ("0", "O")])
def test_names_that_differ(one: str, other: str) -> None:
    assert fold_name(one) != fold_name(other)


@given(st.text(max_size=140))
def test_folding_twice_is_folding_once_and_a_good_name_has_a_good_key(name: str) -> None:
    folded = fold_name(name)
    assert fold_name(folded) == folded
    try:
        cleaned = normalize_name(name)
    except RuleViolation:
        return
    assert 1 <= len(fold_name(cleaned).encode()) <= 1024
    assert not {unicodedata.category(character) for character in cleaned} & {"Cc", "Cf", "Cs"}


def test_a_name_whose_written_out_form_is_too_long_for_a_key_is_refused() -> None:
    assert normalize_name("\ufdfa" * 30)
    with pytest.raises(RuleViolation, match="ligatures"):
        normalize_name("\ufdfa" * 128)


def test_a_prefix_is_folded_and_keeps_the_space_that_ends_it() -> None:
    assert fold_prefix("  SEC") == "sec"
    assert fold_prefix("Sec ") == "sec "
    assert not fold_prefix(" ")
    assert fold_prefix("\ufdfa" * 128) is None


def test_a_name_is_as_long_as_a_key_may_be() -> None:
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
            "detail": "Shorten the name; with its ligatures written out it is too long.",
        }
