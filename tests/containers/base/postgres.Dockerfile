# In place of postgres:18: Debian's build, the image's user, folders, modes and stop signal, and an entrypoint that does as much.
FROM test-root:servers
COPY docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
RUN chmod 755 /usr/local/bin/docker-entrypoint.sh \
    && groupmod --non-unique --gid 999 postgres && usermod --non-unique --uid 999 postgres \
    && rm -rf /var/lib/postgresql /var/run/postgresql \
    && install --directory --owner=postgres --group=postgres --mode=1777 /var/lib/postgresql \
    && install --directory --owner=postgres --group=postgres --mode=3777 /var/run/postgresql
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/18/bin \
    PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
EXPOSE 5432
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
