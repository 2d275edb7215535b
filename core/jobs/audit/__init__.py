"""What must hold of every row and every stored object, checked from outside."""
