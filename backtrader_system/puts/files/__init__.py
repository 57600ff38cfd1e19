"""The owner's files: their exact schemas, option codes and the spellings of stock names."""
