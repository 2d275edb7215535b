"""`darkroom`, the command line: each command is one function of a file named after what it is about."""
