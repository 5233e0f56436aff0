"""The services' configuration: the files of the folder etc, with addresses, folders and the password filled in.

Paths of databases and images are relative to the services' working folder, so that the folder can be copied.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

from servers.openstack.settings import Settings

__all__ = ["write"]

TEMPLATES = Path(__file__).parent / "etc"
FOLDERS = ("changes", "cinder", "images", "locks", "nova", "requests", "staging", "tasks")


def write(folder: Path, venv: Path, settings: Settings) -> None:
    """Write the configuration of all services into their folder."""
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    values = {
        **settings.internal,
        "password": settings.password,
        "page": str(settings.page),
        "folder": str(folder),
        "venv": str(venv),
    }
    for included in ("credentials", "common", "shared"):
        values[included] = Template((TEMPLATES / included).read_text()).substitute(values)
    for template in TEMPLATES.glob("*.conf"):
        (folder / template.name).write_text(Template(template.read_text()).substitute(values))
    settings.write(folder)
