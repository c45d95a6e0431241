"""Tests of requests for another storage location."""
