"""What a contact sheet costs: time and memory of drawing one, with pictures as large as those of real models."""
