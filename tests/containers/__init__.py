"""`make test-containers`: the images are built and the deployment of docs/deployment.md is run on a real engine, by hand, as root.

The machine that the document speaks of is a Debian root folder with Docker's engine, in namespaces of its own: no image registry
is needed, the machine's own containers and networks are not touched, and everything ends with the first process in there.
"""
