"""The APIs of other systems, so that their own clients work here: a folder for each, which only translates."""
