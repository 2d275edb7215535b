"""Pictures that are sent by themselves, and that jobs name by their ids."""
