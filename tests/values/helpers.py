"""Helpers of the tests of storage locations."""

import pycountry

COUNTRIES = {country.alpha_2: country for country in pycountry.countries}
