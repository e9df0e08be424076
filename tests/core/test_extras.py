"""What is said to install an extra can be run where convrec runs."""

from convrec.core import extras


def test_a_package_is_installed_by_its_name_and_a_checkout_from_its_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(extras, "_ROOT", tmp_path)
    assert extras.to_get("serve") == "Run: pip install 'convrec[serve]'."
    for name in ("pyproject.toml", "Makefile"):
        (tmp_path / name).touch()
    said = extras.to_get("serve")
    assert "`make install`" in said
    assert "`pip install -e '.[serve]'`" in said
    assert "convrec[" not in said
