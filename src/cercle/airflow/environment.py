"""Every Airflow variable that cercle sets, in one place; who runs Airflow calls `apply` once, first."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cercle.errors import CercleError
from cercle.settings import Settings, write_secret

__all__ = ["BUILD_POOL", "AirflowHome", "apply", "free_port"]

BUILD_POOL = "cercle_build"  # one slot: one build at a time also by Airflow's own book

_SECRET_BYTES = 64


@dataclass(frozen=True)
class AirflowHome:
    """Where an Airflow of cercle's own lives, and how it is reached.

    Attributes:
        settings: of the warehouse; `home`/airflow is AIRFLOW_HOME.
        is_server: keep metadata in the embedded PostgreSQL (`cercle up`), else in SQLite (in-process runs).
        port: of the API server and web page, on 127.0.0.1.
        dags_dir: folder with the DAG files; by default that of the project.
    """

    settings: Settings
    is_server: bool = False
    port: int = 8080
    dags_dir: Path | None = None

    @property
    def folder(self) -> Path:
        """AIRFLOW_HOME."""
        return self.settings.home / "airflow"

    @property
    def url(self) -> str:
        """Address of the web page."""
        return f"http://127.0.0.1:{self.port}"

    def variables(self) -> dict[str, str]:
        """Return the variables: Airflow's, and cercle's own for the tasks, with absolute paths.

        The metadata database's password and the secrets are read from files of mode 0600; they are made here
        when they are missing.

        Raises:
            CercleError: metadata shall be in the embedded server, and there is none.
        """
        settings = self.settings
        variables = {
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags_dir or settings.project_dir / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__FERNET_KEY": "",
            "AIRFLOW__CORE__AUTH_MANAGER": (
                "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
            ),
            # Nobody but this machine reaches 127.0.0.1: everybody who does is an administrator.
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": self._secret("airflow_api_key"),
            "AIRFLOW__API_AUTH__JWT_SECRET": self._secret("airflow_jwt"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self._metadata_url(),
            "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(settings.log_dir / "airflow"),
            "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(
                settings.log_dir / "airflow" / "dag_processor"
            ),
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
            # A scheduler or worker that was killed is missed within two minutes, not within ten; a task goes on while
            # the database is away for a minute.
            "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "120",
            "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "12",
            "AIRFLOW__TRIGGERER__CAPACITY": "100",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "CERCLE_HOME": str(settings.home),
            "CERCLE_PROJECT": str(settings.project_dir),
            "CERCLE_LANDING": str(settings.landing_dir),
            "CERCLE_DBT": settings.dbt_executable,
        }
        if settings.dsn is not None:
            variables["CERCLE_DSN"] = settings.dsn
        return variables

    def _metadata_url(self) -> str:
        if not self.is_server:
            return f"sqlite:///{self.folder / 'airflow.db'}"
        from cercle import server

        # This Airflow is cercle's own, and so are its metadata: in the embedded server, whatever CERCLE_DSN is.
        server.start(self.settings)
        return server.url(self.settings, "airflow").replace("postgresql://", "postgresql+psycopg2://", 1)

    def _secret(self, name: str) -> str:
        path = self.settings.secrets_dir / name
        if not path.exists():
            write_secret(path, f"{secrets.token_hex(_SECRET_BYTES)}\n")
        return path.read_text(encoding="ascii").strip()


def apply(home: AirflowHome, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Set the variables of this process before Airflow is imported, and drop every other Airflow variable.

    Args:
        home: the Airflow to run.
        environment: variables to start from, for child processes alone; this process then stays as it is.

    Returns:
        The whole environment, for child processes.

    Raises:
        CercleError: Airflow was imported already with other variables, or is not installed.
    """
    import importlib.util
    import sys

    if importlib.util.find_spec("airflow") is None:
        raise CercleError("Airflow is not installed", remedy="Install it: pip install 'cercle[airflow]'")
    variables = home.variables()
    is_here = environment is None
    if (
        is_here
        and "airflow.settings" in sys.modules
        and any(
            os.environ.get(name) != value for name, value in variables.items() if name.startswith("AIRFLOW")
        )
    ):
        raise CercleError(
            "Airflow is already running in this process with another home",
            where=os.environ.get("AIRFLOW_HOME"),
            remedy="Run each Airflow home in a process of its own",
        )
    home.folder.mkdir(parents=True, exist_ok=True)
    kept = {
        name: value
        for name, value in (os.environ if environment is None else environment).items()
        if not name.startswith(("AIRFLOW__", "AIRFLOW_", "_AIRFLOW"))
    }
    whole = {**kept, **variables}
    if environment is None:
        for name in os.environ.keys() - whole.keys():
            del os.environ[name]
        os.environ.update(whole)
    return whole


def free_port(preferred: int = 8080) -> int:
    """Return the preferred port of 127.0.0.1 when it is free, else any free one."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CercleError("No port is free on 127.0.0.1")
