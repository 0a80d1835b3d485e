"""The secret of sessions: made once, by whoever comes first, and read by the service alone."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from service.errors import StoreError
from service.stores.session_secret import FileSessionSecret


def test_it_is_made_once_for_the_service_alone(tmp_path: Path) -> None:
    """32 random bytes with mode 0600, whatever the umask; nothing is left beside it."""
    path = tmp_path / "new" / "session.secret"
    secret = FileSessionSecret(path).read()
    assert len(secret) == 32
    assert FileSessionSecret(path).read() == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["session.secret"]
    assert FileSessionSecret(tmp_path / "other").read() != secret


def test_all_who_come_at_once_read_the_same(tmp_path: Path) -> None:
    path, found = tmp_path / "session.secret", []
    start = threading.Barrier(8)

    def read() -> None:
        start.wait()
        found.append(FileSessionSecret(path).read())

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {path.read_bytes()}


def test_without_links_one_of_several_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems have none; the file is whole all the same."""

    def refused(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr("service.stores.session_secret.os.link", refused)
    secret = FileSessionSecret(tmp_path / "session.secret").read()
    assert (tmp_path / "session.secret").read_bytes() == secret
    assert [one.name for one in tmp_path.iterdir()] == ["session.secret"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_one_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "session.secret"
    FileSessionSecret(path).read()
    path.chmod(mode)
    with pytest.raises(StoreError, match="delete it, a new one is made"):
        FileSessionSecret(path).read()


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_one_is_refused(tmp_path: Path, content: bytes) -> None:
    """Above all an empty one, with which anybody could sign."""
    path = tmp_path / "session.secret"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StoreError, match="damaged"):
        FileSessionSecret(path).read()


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"x" * 32)
    (tmp_path / "elsewhere").chmod(0o600)
    (tmp_path / "session.secret").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="cannot be read or made"):
        FileSessionSecret(tmp_path / "session.secret").read()


def test_asking_whether_it_is_made_makes_none(tmp_path: Path) -> None:
    """Nor the folder; a link that leads nowhere is none that could be made."""
    path = tmp_path / "new" / "session.secret"
    assert not FileSessionSecret(path).is_made()
    assert list(tmp_path.iterdir()) == []
    FileSessionSecret(path).read()
    assert FileSessionSecret(path).is_made()
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="cannot be read or made"):
        FileSessionSecret(path).is_made()
    assert [one.name for one in path.parent.iterdir()] == ["session.secret"]


def test_who_deletes_it_ends_all_sessions(tmp_path: Path) -> None:
    """Without a restart."""
    secrets = FileSessionSecret(tmp_path / "session.secret")
    before = secrets.read()
    (tmp_path / "session.secret").unlink()
    assert secrets.read() != before
