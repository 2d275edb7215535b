"""`darkroom-admin doctor`: what of the settings, the servers, the models and the workers would make trouble."""
