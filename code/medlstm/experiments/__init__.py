"""The runs too long for a chapter: `runner` knows how to run one, each other file says what it is."""
