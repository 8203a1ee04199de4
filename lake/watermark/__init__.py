"""How far each SQL table was extracted."""
