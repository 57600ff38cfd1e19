"""The system `put_recommendations`: scored puts, followed to expiry and sold."""
