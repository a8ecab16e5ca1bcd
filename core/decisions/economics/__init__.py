"""Lead economics: from a score to money."""
