"""Files as a whole."""
