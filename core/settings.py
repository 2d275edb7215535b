"""Every setting of every Darkroom process, read from the environment once."""

from __future__ import annotations

import ipaddress
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.database_address import parse_database_url
from core.environment import SECRET, Environment, Unusable
from core.invalid_settings import InvalidSettings
from core.redis_link.address import parse_redis_url

#: In seconds: more than anybody means, and less than a clock or a timeout of Python or PostgreSQL can hold.
_YEAR = 31_536_000

#: Names and IPv4 addresses, and IPv6 ones without their brackets.
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9.])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")

#: As browsers send it: scheme, host and perhaps a port, in lower case.
_ORIGIN = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")


class Settings(BaseSettings):
    """One attribute for each environment variable, of the same name in upper case; `.env.example` explains each."""

    model_config = SettingsConfigDict(frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    # Where the other parts are
    database_url: Annotated[str, SECRET] = "postgresql+psycopg://darkroom:darkroom@127.0.0.1:5432/darkroom"
    database_pooler: Literal["auto", "session", "transaction"] = "auto"
    redis_url: Annotated[str, SECRET] = "redis://127.0.0.1:6379/0"
    s3_endpoint_url: str | None = None
    s3_public_endpoint_url: str | None = None
    s3_region: str = Field(default="us-east-1", pattern=r"^[A-Za-z0-9-]{1,63}$")
    s3_bucket: str = Field(default="darkroom", pattern=r"^[A-Za-z0-9._-]{1,255}$")
    s3_access_key_id: SecretStr | None = None
    s3_secret_access_key: SecretStr | None = None
    s3_session_token: SecretStr | None = None
    s3_addressing: Literal["auto", "path", "virtual"] = "auto"
    s3_checksums: Literal["when_required", "when_supported"] = "when_required"
    s3_upload_threads: int = Field(default=8, ge=1)

    # The API
    public_url: str = "http://127.0.0.1:8000"
    api_key_pepper: SecretStr = Field(min_length=16)
    api_threads: int = Field(default=64, ge=1)
    api_keepalive_seconds: int = Field(default=75, ge=1, le=3600)
    api_max_streams: int = Field(default=1000, ge=1, le=100_000)
    api_max_waits: int = Field(default=1000, ge=1, le=100_000)
    picture_decoders: int = Field(default=3, ge=1)
    file_max_bytes: int = Field(default=20_971_520, ge=1, le=67_108_864)
    database_pool_size: int = Field(default=20, ge=1)
    download_url_seconds: int = Field(default=900, ge=1, le=604_800)
    cors_allowed_origins: str = ""

    # Rendering
    models_file: Path = Path("models.toml")
    models_folder: Path = Path("models")
    models_lock: Path | None = None
    styles_file: Path | None = None
    default_model: str = "picturebook"
    render_pool: str = Field(default="default", pattern=r"^[a-z0-9-]{1,40}$")
    render_device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:[0-9]{1,2})?)$")
    render_concurrency: int = Field(default=16, ge=1)
    cpu_forwards: int | None = Field(default=None, ge=1)
    model_cache_bytes: int | None = Field(default=None, ge=1)
    affinity_max_wait_seconds: float = Field(default=30.0, ge=0, le=_YEAR)
    drain_seconds: float = Field(default=30.0, ge=0, le=_YEAR)
    drain_file: str = ""
    checkpoint_seconds: float = Field(default=10.0, ge=0, le=_YEAR)

    # Leases and retries
    lease_seconds: float = Field(default=30.0, gt=0, le=3600)
    heartbeat_seconds: float = Field(default=5.0, gt=0, le=_YEAR)
    stuck_after_seconds: float = Field(default=900.0, gt=0, le=_YEAR)
    liveness_seconds: float = Field(default=120.0, gt=0, le=_YEAR)
    sweep_seconds: float = Field(default=5.0, gt=0, le=_YEAR)
    max_attempts: int = Field(default=3, ge=1)
    orphan_grace_seconds: float = Field(default=3600.0, ge=0, le=_YEAR)

    # Limits of an account
    account_max_queued_jobs: int = Field(default=10_000, ge=1, le=2_147_483_647)
    account_max_running_jobs: int | None = Field(default=None, ge=1, le=2_147_483_647)
    account_max_files: int = Field(default=10_000, ge=0, le=2_147_483_647)
    account_max_file_bytes: int = Field(default=10_737_418_240, ge=0)
    sweep_max_cells: int = Field(default=256, ge=1, le=500)
    sweep_max_cost: float = Field(default=50_000.0, gt=0)

    # Retention
    artifact_retention_seconds: int = Field(default=2_592_000, ge=0, le=2_147_483_647)
    file_retention_seconds: int = Field(default=2_592_000, ge=0, le=2_147_483_647)
    job_retention_seconds: int = Field(default=7_776_000, ge=0, le=2_147_483_647)
    unstored_job_seconds: int = Field(default=3600, ge=1, le=2_147_483_647)
    idempotency_key_seconds: int = Field(default=86_400, ge=1, le=2_147_483_647)

    # Pictures by address
    picture_fetching: bool = True
    fetch_concurrency: int = Field(default=4, ge=1)
    fetch_timeout_seconds: float = Field(default=20.0, gt=0, le=3600)
    fetch_max_bytes: int = Field(default=20_971_520, ge=1, le=67_108_864)
    fetch_allow_http: bool = False
    fetch_allowed_networks: str = ""

    # Webhooks
    webhook_concurrency: int = Field(default=16, ge=1)
    webhook_timeout_seconds: float = Field(default=15.0, gt=0, le=_YEAR)
    webhook_allow_http: bool = False
    webhook_allowed_networks: str = ""

    # Logs and metrics
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    worker_metrics_host: str = "127.0.0.1"
    worker_metrics_port: int | None = Field(default=None, ge=0, le=65_535)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given as an argument, then what the environment says."""
        return init_settings, Environment(settings_cls)

    @field_validator("*", mode="before")
    @classmethod
    def _usable(cls, value: Any) -> Any:
        if isinstance(value, Unusable):
            raise ValueError(value.reason)  # noqa: TRY004  (it is the setting that is wrong)
        return value

    @field_validator("database_url")
    @classmethod
    def _address_of_a_postgresql(cls, url: str) -> str:
        parse_database_url(url)
        return url

    @field_validator("s3_endpoint_url", "s3_public_endpoint_url")
    @classmethod
    def _store_address(cls, url: str | None) -> str | None:
        if not url:
            return None
        try:
            address = urlsplit(url)
            port = address.port
        except ValueError:
            raise ValueError("it has to be a whole address, such as https://store.example:9000") from None
        if address.scheme not in {"http", "https"}:
            raise ValueError("it has to begin with http:// or https://")
        if not _HOST.fullmatch(address.hostname or "") or port == 0:
            raise ValueError("it has to name a host of letters, digits, '-' and '.' (S3 clients take no '_')")
        if address.query or address.fragment or address.username:
            raise ValueError("it has to be a scheme, a host and a port alone; keys have settings of their own")
        return url.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _redis_for_both_clients(cls, url: str) -> str:
        parse_redis_url(url)
        return url

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        try:
            address = urlsplit(url)
            is_whole = (
                address.scheme in {"http", "https"} and address.hostname and (address.port is None or address.port)
            )
        except ValueError:
            is_whole = False
        if not is_whole:
            raise ValueError("it has to be an address that begins with http:// or https://")
        return url.rstrip("/")

    @field_validator("cors_allowed_origins")
    @classmethod
    def _origins(cls, text: str) -> str:
        for origin in filter(None, (part.strip() for part in text.split(","))):
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    "it has to be origins such as https://app.example, with commas between them, each without a path and a "
                    f"slash at its end, and no *: {origin}"
                )
        return text

    @field_validator("webhook_allowed_networks", "fetch_allowed_networks")
    @classmethod
    def _networks(cls, text: str) -> str:
        for part in filter(None, (part.strip() for part in text.split(","))):
            try:
                ipaddress.ip_network(part)
            except ValueError as error:
                raise ValueError(
                    f"it has to be networks such as 10.20.0.0/16, with commas between them: {error}"
                ) from None
        return text

    @model_validator(mode="after")
    def _keys_of_the_store(self) -> Self:
        if bool(self.s3_access_key_id) != bool(self.s3_secret_access_key):
            raise ValueError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together: set both, or neither")
        if self.s3_session_token and not self.s3_access_key_id:
            raise ValueError("S3_SESSION_TOKEN belongs to S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY: set them as well")
        return self

    @model_validator(mode="after")
    def _no_bucket_in_the_stores_address(self) -> Self:
        for name in ("s3_endpoint_url", "s3_public_endpoint_url"):
            url = urlsplit(getattr(self, name) or "")
            if url.path.endswith(f"/{self.s3_bucket}") or url.netloc.startswith(f"{self.s3_bucket}.s3"):
                raise ValueError(
                    f"{name.upper()} is the store's address without the bucket {self.s3_bucket}: leave that out"
                )
        return self

    @model_validator(mode="after")
    def _several_heartbeats_in_a_lease(self) -> Self:
        if self.heartbeat_seconds * 2 > self.lease_seconds:
            raise ValueError(
                f"HEARTBEAT_SECONDS is {self.heartbeat_seconds:g}: it has to be at most half of LEASE_SECONDS, "
                f"which is {self.lease_seconds:g}"
            )
        return self


def read_settings(**given: Any) -> Settings:
    """The settings that the environment gives, and those given here. Raises InvalidSettings, which ends the process with a
    line for each that is missing or wrong.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        # Without its cause, which quotes the values.
        raise InvalidSettings.of(error, Settings.model_fields) from None


@cache
def get_settings() -> Settings:
    """The settings of this process, read on first use. Raises InvalidSettings."""
    return read_settings()
