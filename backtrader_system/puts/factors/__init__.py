"""The price-based factors of a put: support, season and the month so far, for every stock and day."""
