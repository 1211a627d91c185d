"""What people look at: tables, words in Chinese and English; nothing is computed here."""
