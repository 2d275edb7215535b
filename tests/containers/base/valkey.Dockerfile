# In place of valkey/valkey:9: Debian's build, and the image's user and folder.
FROM test-root:servers
RUN groupmod --non-unique --gid 999 valkey && usermod --non-unique --uid 999 valkey \
    && install --directory --owner=valkey --group=valkey /data
WORKDIR /data
VOLUME /data
EXPOSE 6379
CMD ["valkey-server"]
