"""Wire codecs without input or output: bytes to values and back."""
