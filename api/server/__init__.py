"""What gunicorn is given to serve with: its connections, how it reads bodies, and how many files may be open."""
