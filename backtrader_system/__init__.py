"""Would these scores have paid, was it luck, and why does live differ?"""
