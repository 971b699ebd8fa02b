"""What makes the book: its chapters, the readers' copies of them, its cover."""
