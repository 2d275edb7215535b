# In place of chrislusf/seaweedfs: the real binary of that version, and a busybox as in the image.
FROM test-root:servers
COPY weed /usr/bin/weed
RUN chmod 755 /usr/bin/weed && ln -sf /usr/bin/busybox /usr/bin/wget \
    && groupadd --gid 1000 seaweed && useradd --uid 1000 --gid seaweed --no-create-home seaweed \
    && install --directory --owner=seaweed --group=seaweed /data
VOLUME /data
EXPOSE 8333
ENTRYPOINT ["/usr/bin/weed"]
