"""Reports for people: tables and words in Chinese and English; nothing is computed here."""
