"""The reports of the put-recommendation system: one text, as Markdown and as PDF."""
