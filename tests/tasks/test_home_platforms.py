from __future__ import annotations

from pathlib import Path

from netraven.tasks.home_platforms import FOLDER, platforms_in


def test_a_file_that_is_no_yaml_is_told_of_instead_of_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "acme.toml").write_text("name = 'acme'")
    (folder / "README").write_text("ours")

    found = platforms_in(tmp_path)

    assert found.faults == ("platforms/acme.toml is no YAML; write it so and call it acme.yaml",)
    assert found.own == ()
