"""LemonLDAP::NG's portal from Debian, an OpenID provider in Perl, under Starman."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from product import arguments, wait

_CONFIG = Path("/var/lib/lemonldap-ng/conf/lmConf-1.json")
_INI = Path("/etc/lemonldap-ng/lemonldap-ng.ini")
_SHARE = "/usr/share/lemonldap-ng/portal"
_PERSON = "dwho"
"""One of the people of its demonstration, whose password is the name."""
_SECRET = "a secret of two servers"
_APP = f"""
use Plack::Builder;
use Lemonldap::NG::Portal::Main;
my $portal = Lemonldap::NG::Portal::Main->run({{}});
builder {{
    enable 'Static', path => sub {{ s!^/static/!! }}, root => '{_SHARE}/htdocs/static';
    $portal;
}};
"""


def _key(*words: str, text: str = "") -> str:
    command = ["openssl", *words]
    return subprocess.run(command, input=text, check=True, capture_output=True, text=True).stdout


def _write(folder: Path, origin: str) -> Path:
    """Write the configuration that its manager would write; returns the file that leads to it."""
    for name in ("conf", "cache", "sessions/lock", "psessions/lock", "notifications", "tmp"):
        (folder / name).mkdir(parents=True)
    private = _key("genrsa", "2048")
    directories = {"Directory": f"{folder}/sessions", "LockDirectory": f"{folder}/sessions/lock"}
    kept = {"Directory": f"{folder}/psessions", "LockDirectory": f"{folder}/psessions/lock"}
    config = json.loads(_CONFIG.read_text())
    config |= {
        "portal": f"{origin}/",
        "domain": "127.0.0.1",
        "key": "a key of this server",
        "globalStorageOptions": config["globalStorageOptions"] | directories,
        "persistentStorageOptions": config["persistentStorageOptions"] | kept,
        "localSessionStorageOptions": {"cache_root": f"{folder}/cache", "namespace": "sessions"},
        "notificationStorageOptions": {"dirName": f"{folder}/notifications"},
        "notification": 0,
        "issuerDBOpenIDConnectActivation": 1,
        "oidcServicePrivateKeySig": private,
        "oidcServicePublicKeySig": _key("rsa", "-pubout", text=private),
        "oidcServiceKeyIdSig": "one",
        "oidcServiceAllowAuthorizationCodeFlow": 1,
        "oidcServiceAllowDynamicRegistration": 1,
        "oidcRPMetaDataOptions": {
            "resource": {
                "oidcRPMetaDataOptionsClientID": "resource-server",
                "oidcRPMetaDataOptionsClientSecret": _SECRET,
            }
        },
        "oidcRPMetaDataExportedVars": {"resource": {}},
    }
    (folder / "conf" / "lmConf-1.json").write_text(json.dumps(config))
    text = _INI.read_text().replace("/var/lib/lemonldap-ng/conf", f"{folder}/conf")
    text = re.sub("/var/lib/lemonldap-ng/cache", f"{folder}/cache", text)
    ini = folder / "lemonldap-ng.ini"
    ini.write_text(text)
    (folder / "app.psgi").write_text(_APP)
    return ini


def main() -> None:
    args = arguments()
    origin = f"http://127.0.0.1:{args.port}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ini = _write(folder, origin)
        command = ["starman", "--workers", "4", "--listen", f"127.0.0.1:{args.port}"]
        server = subprocess.Popen(
            [*command, str(folder / "app.psgi")],
            env={**os.environ, "LLNG_DEFAULTCONFFILE": str(ini), "TMPDIR": str(folder / "tmp")},
            stdout=sys.stderr,
            start_new_session=True,
        )
        try:
            wait(server, f"{origin}/")
            addresses = {
                "issuer": f"{origin}/",
                "introspection": f"{origin}/oauth2/introspect",
                "client": ["resource-server", _SECRET],
                "scopes": ["openid"],
                "bound": False,
                "visitor": {"user": _PERSON, "password": _PERSON},
            }
            print(json.dumps(addresses), flush=True)
            sys.stdin.read()
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()
            shutil.rmtree(folder / "tmp", ignore_errors=True)


if __name__ == "__main__":
    main()
