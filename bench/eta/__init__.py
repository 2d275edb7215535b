"""How good the estimates of a job's end are: mixed jobs at a share of what the workers can do, each compared with its end."""
