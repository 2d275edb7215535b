"""How well the prompt report finds what people name, on two hundred marked prompts, and how long it takes."""
