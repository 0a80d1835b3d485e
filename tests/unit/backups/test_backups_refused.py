"""What is no backup as it was made is refused, whole, and touches nothing."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from service.errors import BackupRefused, Conflict
from tests.unit.backups.small_town import restored


def altered(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def foreign(folder: Path) -> None:
    (folder / "cron").write_text("* * * * * root true")


def renamed_in_manifest(name: str) -> Callable[[Path], None]:
    """The manifest names a file elsewhere, with the right digest."""

    def change(folder: Path) -> None:
        document = json.loads((folder / "backup.json").read_text())
        document["files"][name] = document["files"].pop("audit.db")
        (folder / "backup.json").write_text(json.dumps(document))

    return change


def of_the_future(key: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        document = json.loads((folder / "backup.json").read_text())
        if key == "format":
            document["format"] = 99
        else:
            document["schemas"][key] = 99
        (folder / "backup.json").write_text(json.dumps(document))

    return change


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: altered(folder / "counts.db"), "altered or is damaged"),
        (lambda folder: altered(next((folder / "state").iterdir())), "altered or is damaged"),
        (lambda folder: (folder / "audit.db").unlink(), r"missing, foreign.*audit\.db"),
        (lambda folder: os.truncate(folder / "audit.db", 4096), r"of another length.*audit\.db"),
        (foreign, "missing, foreign.*cron"),
        (lambda folder: (folder / "backup.json").unlink(), "cut short"),
        (lambda folder: (folder / "backup.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "link.db").symlink_to("/etc/passwd"), "link"),
        (renamed_in_manifest("../audit.db"), "files that no backup holds"),
        (renamed_in_manifest("/etc/passwd"), "files that no backup holds"),
        (renamed_in_manifest("versions/1/../../x"), "files that no backup holds"),
        (renamed_in_manifest("settings.toml"), "files that no backup holds"),
        (of_the_future("format"), "newer than this one"),
        (of_the_future("register.db"), "newer than this one"),
        (of_the_future("people.db"), "newer than this one"),
    ],
)
def test_what_is_no_backup_as_it_was_made_is_refused_whole(
    harm: Callable[[Path], None], message: str, backups: Path, tmp_path: Path
) -> None:
    """Nothing of it is put into the folder."""
    shutil.copytree(backups / "b", tmp_path / "b")
    harm(tmp_path / "b")
    (tmp_path / "into").mkdir()
    for into in ("into", "new"):
        with pytest.raises(BackupRefused, match=message):
            restored(tmp_path / "b", tmp_path / into)
    assert list((tmp_path / "into").iterdir()) == []
    assert not (tmp_path / "new").exists()


def test_another_backup_than_the_one_meant_is_refused(backup: Path, tmp_path: Path) -> None:
    """Whoever can write to the backup can make its digests right again, but not that of its manifest."""
    with pytest.raises(BackupRefused, match="another backup, or was altered"):
        restored(backup, tmp_path / "restored", "0" * 64)


def member(name: str, content: bytes = b"", **more: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in more.items():
        setattr(info, key, value)
    return info, content


@pytest.mark.parametrize(
    "evil",
    [
        member("../outside", b"x"),
        member("/tmp/outside", b"x"),  # noqa: S108 - it is never written
        member("counts.db", b"x"),
        member("state/link", type=tarfile.SYMTYPE, linkname="/etc"),
        member("state/hard", type=tarfile.LNKTYPE, linkname="counts.db"),
        member("versions", type=tarfile.DIRTYPE),
        member("pipe", type=tarfile.FIFOTYPE),
    ],
    ids=lambda one: one[0].name,
)
def test_a_tar_leads_nowhere(evil: tuple[tarfile.TarInfo, bytes], backups: Path, tmp_path: Path) -> None:
    """Names that climb, links, devices, and one name twice are refused before a byte is written."""
    shutil.copy(backups / "b.tar", tmp_path)
    with tarfile.open(tmp_path / "b.tar", "a") as archive:
        archive.addfile(evil[0], io.BytesIO(evil[1]))
    with pytest.raises(BackupRefused):
        restored(tmp_path / "b.tar", tmp_path / "deep" / "restored")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_tar_that_was_cut_short_is_refused(share: float, backups: Path, tmp_path: Path) -> None:
    """Wherever."""
    path = Path(shutil.copy(backups / "b.tar", tmp_path))
    with tarfile.open(path) as archive:
        end = max(one.offset_data + one.size for one in archive)  # beyond it a tar is padding
    os.truncate(path, int(share * end))
    with pytest.raises(BackupRefused):
        restored(path, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


def test_a_folder_that_holds_anything_is_left_alone(backup: Path, tmp_path: Path) -> None:
    """Also a file in its place."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "counts.db").write_text("precious")
    (tmp_path / "file").write_text("precious")
    for name in ("full", "file"):
        with pytest.raises(Conflict, match="not an empty folder"):
            restored(backup, tmp_path / name)
    assert (tmp_path / "full" / "counts.db").read_text() == "precious"
