# In place of python:3.11-slim-trixie: Debian's Python of the same minor version, with pip, and pip's settings of this machine.
FROM test-root:python
COPY pip.whl/* /wheels/
COPY pip.conf /etc/pip.conf
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
RUN rm -f /usr/lib/python3*/EXTERNALLY-MANAGED \
    && ln -s /usr/bin/python3.11 /usr/local/bin/python \
    && ln -s /usr/bin/python3.11 /usr/local/bin/python3 \
    && python /wheels/$(ls /wheels | grep ^pip-)/pip install --quiet --root-user-action=ignore --no-index --find-links /wheels pip setuptools \
    && rm -r /wheels
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt
CMD ["python"]
