"""All settings that NetRaven declares, by key: the built-in ones and those of later parts."""

from __future__ import annotations

from netraven.admin.builtin_settings import BUILTIN_SETTINGS
from netraven.admin.sso_settings import SSO_SETTINGS

DECLARED_SETTINGS = (*BUILTIN_SETTINGS, *SSO_SETTINGS)
BY_KEY = {setting.key: setting for setting in DECLARED_SETTINGS}
