"""How likely a put is to expire worthless: five methods, their history and what they were worth."""
