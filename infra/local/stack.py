"""The parts of the embedded stack, brought up in order and stopped in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local import application
from infra.local.command import Command, Spawner, StartProcess, start_process
from infra.local.credentials import Credentials, load_credentials, save_credentials
from infra.local.data_folder import DataFolder
from infra.local.one_shot import OneShot
from infra.local.part import Part
from infra.local.ports import LOOPBACK, Ports
from infra.local.servers.postgres import Postgres
from infra.local.servers.server import SERVERS, Server
from infra.local.servers.storage import Storage
from infra.local.servers.valkey import Valkey
from infra.local.settings import BUCKET, build_access, build_settings
from infra.local.together import start_together, stop_together

ACCOUNT = "first"

#: Long, because the first start on a slow disk reads gigabytes of libraries.
READY_SECONDS = 180

#: How long the parts may take to end before they are killed; together well under 15 s.
APPLICATION_STOP_SECONDS = 7
SERVER_STOP_SECONDS = 3


class LocalStack:
    """PostgreSQL, Valkey, S3 and Darkroom on this machine: `with LocalStack(workers=2) as stack: …`.

    Without `data` everything is kept in a temporary folder, and deleted at the end. `only` names the servers to start
    without Darkroom's processes (a database is migrated, too). `environment` has settings for every process of Darkroom,
    or is a function that makes them from the stack's own (as tests do to put a proxy before a server).
    `durable` is whether the database survives a power cut, and not only the death of its processes; by default it does
    if `data` is given. `start_process` starts every process. Ports, addresses and keys stay the same from `start` to
    `stop`, whatever is killed in between; nothing is restarted automatically.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        workers: int = 1,
        model: str | None = None,
        port: int | None = None,
        durable: bool | None = None,
        only: Collection[str] | None = None,
        environment: Mapping[str, str] | Callable[[Mapping[str, str]], Mapping[str, str]] | None = None,
        listener: Callable[[Part], None] | None = None,
        start_process: StartProcess = start_process,
    ) -> None:
        if unknown := set(only or ()) - set(SERVERS):
            raise ValueError(f"not a server: {', '.join(sorted(unknown))}; there are {', '.join(SERVERS)}")
        self.data_folder = DataFolder(data)
        self.parts: list[Part] = []
        self.environment: dict[str, str] = {}
        self._first_workers = workers
        self._model = model
        self._port = port
        self._is_durable = (data is not None) if durable is None else durable
        self._only = None if only is None else frozenset(only)
        self._extra_environment = environment or {}
        self._listener = listener
        self._ports = Ports()
        self._api_port = 0
        self._spawner = Spawner(start_process)
        self._credentials = Credentials()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The API's address."""
        return self.environment["PUBLIC_URL"]

    @property
    def api_key(self) -> str:
        """The first account's API key. Raises LookupError if the stack has no account yet."""
        if self._credentials.api_key is None:
            raise LookupError("this stack has no account yet")
        return self._credentials.api_key

    @property
    def page_url(self) -> str:
        """What a browser opens the page with, signed in. Raises LookupError if the stack has no account yet."""
        return build_access(self.url, self.api_key)["DARKROOM_PAGE_URL"]

    def part(self, name: str) -> Part:
        """The part of this name: database, redis, storage, api, worker-1…, dispatcher, beat. Raises LookupError."""
        for part in self.parts:
            if part.name == name:
                return part
        raise LookupError(f"no part {name!r}; there are {', '.join(part.name for part in self.parts)}")

    def start(self) -> None:
        """Bring everything up. Raises DataFolderInUse, or PartFailed with the end of the part's log."""
        self.data_folder.open()
        self._credentials = load_credentials(self._credentials_path)

        servers = self._plan_servers()
        migration = self._plan_migration()
        application_parts = self._plan_application()
        self.parts = [*servers, *migration, *application_parts]

        for group in (servers, migration, application_parts):
            start_together(group, READY_SECONDS)
        for part in self.parts:
            # Beat has nothing that could be asked whether it is ready: it counts as ready once it runs.
            if part.has_died:
                raise part.describe_failure(f"ended with status {part.returncode} soon after its start")

    def stop(self) -> None:
        """Stop everything in order: beat, the API, the workers, then the servers; within 15 s, without leaving a process."""
        last_started_first = self.parts[::-1]
        stop_together([part for part in last_started_first if part.name not in SERVERS], APPLICATION_STOP_SECONDS)
        stop_together([part for part in last_started_first if part.name in SERVERS], SERVER_STOP_SECONDS)

        self._spawner.close()
        self._ports.release()
        self.data_folder.close()

    def add_worker(self, environment: Mapping[str, str] | None = None) -> Part:
        """Start another rendering worker, with settings of its own if given, and return it once it is ready."""
        [worker] = self.add_workers([environment])
        return worker

    def add_workers(self, environments: Sequence[Mapping[str, str] | None]) -> list[Part]:
        """Start a rendering worker for each of these environments, and return them once all are ready. If one does not
        become ready, all of them are killed.
        """
        first = 1 + sum(part.name.startswith("worker-") for part in self.parts)
        workers = [self._plan_worker(number, own) for number, own in enumerate(environments, start=first)]
        # Beside the other workers, so that they are stopped after the parts that send them work.
        place = self.parts.index(self.part("dispatcher"))
        self.parts[place:place] = workers
        try:
            start_together(workers, READY_SECONDS)
        except BaseException:
            for worker in workers:
                worker.kill()
            raise
        return workers

    @property
    def _credentials_path(self) -> Path:
        return self.data_folder.path / "credentials.json"

    def _plan_servers(self) -> list[Part]:
        """The wanted ones of the three servers; sets the environment, which has the addresses of all three.

        A server that is not wanted has an address where nothing listens: a process that uses it by mistake is refused,
        and does not find some other server of this machine.
        """
        folder, secrets = self.data_folder.path, self._credentials
        postgres = Postgres(
            folder / "database", self._ports.reserve(), secrets.database_password, is_durable=self._is_durable
        )
        valkey = Valkey(folder / "redis", self._ports.reserve(), secrets.redis_password)
        self._api_port = self._reserve_api_port()
        url = f"http://{LOOPBACK}:{self._api_port}"
        storage = Storage(
            folder / "storage",
            self._ports.reserve(),
            access_key_id=secrets.s3_access_key_id,
            secret_access_key=secrets.s3_secret_access_key,
            bucket=BUCKET,
            page_origin=url,
        )
        self.environment = build_settings(postgres, valkey, storage, self._credentials, url=url, model=self._model)
        extra = self._extra_environment
        self.environment |= extra(self.environment) if callable(extra) else extra

        # The database last: the others come up while its cluster is made.
        servers: dict[str, Server] = {"redis": valkey, "storage": storage, "database": postgres}
        return [
            self._plan_part(name, server.build_command, server.is_ready, server.explain)
            for name, server in servers.items()
            if self._only is None or name in self._only
        ]

    def _reserve_api_port(self) -> int:
        if self._port is None:
            return self._ports.reserve()
        try:
            is_free = self._ports.reserve_if_free(self._port)
        except PermissionError:
            raise OSError(f"port {self._port} is for root alone: choose another with --port") from None
        if not is_free:
            raise OSError(f"port {self._port} is taken: stop what listens there, or choose another with --port")
        return self._port

    def _plan_migration(self) -> list[Part]:
        if self._only is not None and "database" not in self._only:
            return []
        return [self._plan_one_shot("migration", partial(application.migrate, self.environment))]

    def _plan_application(self) -> list[Part]:
        """Darkroom's own processes, the slowest to come up first."""
        if self._only is not None:
            return []
        api_port, dispatcher_port = self._api_port, self._ports.reserve()
        return [
            *(self._plan_worker(number) for number in range(1, self._first_workers + 1)),
            self._plan_part(
                "dispatcher",
                partial(application.dispatcher, dispatcher_port, self.environment),
                partial(application.answers, dispatcher_port, "/metrics"),
            ),
            *([] if self._credentials.api_key else [self._plan_account()]),
            self._plan_part(
                "api",
                partial(application.api, api_port, self.environment),
                partial(application.answers, api_port, "/readyz"),
            ),
            self._plan_part(
                "beat",
                partial(application.beat, self.environment),
                lambda: True,
            ),
        ]

    def _plan_worker(self, number: int, environment: Mapping[str, str] | None = None) -> Part:
        port = self._ports.reserve()
        return self._plan_part(
            f"worker-{number}",
            # Called at every start, so that changes of the environment apply to this part, too.
            lambda: application.rendering_worker(port, {**self.environment, **(environment or {})}),
            partial(application.answers, port, "/metrics"),
        )

    def _plan_account(self) -> OneShot:
        return self._plan_one_shot(
            "account",
            partial(application.create_account, ACCOUNT, self.environment),
            on_output=self._keep_api_key,
        )

    def _keep_api_key(self, output: str) -> None:
        self._credentials.api_key = json.loads(output)["api_key"]
        save_credentials(self._credentials, self._credentials_path)
        self.environment |= build_access(self.url, self._credentials.api_key)

    def _plan_part(
        self,
        name: str,
        build_command: Callable[[], Command],
        is_ready: Callable[[], bool],
        explain: Callable[[str], str | None] = lambda _log: None,
    ) -> Part:
        return Part(
            name,
            build_command,
            is_ready=is_ready,
            log_path=self.data_folder.open_log(name),
            start_process=self._spawner.start,
            listener=self._listener,
            explain=explain,
        )

    def _plan_one_shot(
        self, name: str, build_command: Callable[[], Command], on_output: Callable[[str], None] = lambda _output: None
    ) -> OneShot:
        return OneShot(
            name,
            build_command,
            on_output=on_output,
            log_path=self.data_folder.open_log(name),
            start_process=self._spawner.start,
            listener=self._listener,
        )
