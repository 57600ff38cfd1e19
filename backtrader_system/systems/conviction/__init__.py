"""The system `conviction`: scored ideas, which of them would have paid, and whether a model beats the rules."""
