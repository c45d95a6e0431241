"""Helpers of the tests of values."""

import pycountry

COUNTRIES = {country.alpha_2: country for country in pycountry.countries}
