"""What the dialects are made of: keys in any spelling, the door of a submit, waits, pictures, and errors in other words."""
