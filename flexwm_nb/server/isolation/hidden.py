"""What no caged job gets to see: the engine's own files, and where people's programs keep their secrets."""

from __future__ import annotations

import os
from pathlib import Path

# below the home folder; what is not there is hidden as soon as it comes
SECRETS = (
    *(".ssh", ".gnupg", ".pki", ".password-store", ".local/share/keyrings", ".netrc", "_netrc", ".authinfo"),
    *(".aws", ".azure", ".config/gcloud", ".boto", ".oci", ".kube", ".docker", ".config/containers", ".config/rclone"),
    *(".pgpass", ".my.cnf", ".mylogin.cnf", ".snowflake", ".snowsql", ".databrickscfg", ".dbt", ".odbc.ini"),
    *(".git-credentials", ".config/git/credentials", ".config/gh", ".config/hub", ".config/glab-cli"),
    *(".npmrc", ".yarnrc", ".pypirc", ".config/pip", ".pip", ".cargo/credentials", ".cargo/credentials.toml"),
    *(".kaggle", ".huggingface", ".cache/huggingface/token", ".config/wandb", ".terraform.d", ".vault-token"),
    *(".local/share/jupyter/runtime", ".jupyter/jupyter_server_config.json", ".config/flexwm_nb", ".config/windmill"),
    *(".mozilla", ".config/google-chrome", ".config/chromium", ".config/BraveSoftware", ".thunderbird"),
    *(".bash_history", ".zsh_history", ".python_history", ".psql_history", ".mysql_history", ".node_repl_history"),
)
# sockets whose owners do what they are asked to, outside of every cage
SOCKETS = (
    *("/run/docker.sock", "/run/containerd", "/run/podman", "/run/crio", "/run/systemd/private", "/run/dbus"),
    *("/run/user/{user}/bus", "/run/user/{user}/podman", "/run/user/{user}/docker.sock", "/run/user/{user}/gnupg"),
    *("/run/user/{user}/keyring", "/run/user/{user}/systemd"),
)
OF_ROOT = ("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/sudoers.d", "/etc/ssh", "/etc/ssl/private")


def secrets() -> list[str]:
    """The places of secrets in this user's home folder."""
    home = Path.home()
    return [str(home / name) for name in SECRETS]


def sockets() -> list[str]:
    """The sockets of programs that would act for a job."""
    return [path.format(user=os.getuid()) for path in SOCKETS]


def real(paths: list[str]) -> list[str]:
    """The paths without links, each once, without those inside of others."""
    found: list[str] = []
    for path in sorted({os.path.realpath(path) for path in paths}):
        if not found or not path.startswith(f"{found[-1]}/"):
            found.append(path)
    return found
