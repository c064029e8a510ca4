"""Knows how what comes back from the browser is mended (authz-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.advice.advice import (
    ANY,
    AUTH0,
    CLIENT,
    COGNITO,
    ENTRA,
    FASTMCP,
    KEYCLOAK,
    Explanation,
)

_BACK = "http://127.0.0.1:43117/callback"
_ISS = "iss=https%3A%2F%2Fauth.example.com"
_SEND_ISS = (
    AUTH0,
    "Settings, Advanced: Include Issuer in Authorization Responses.",
)
_FRONT = (
    "a front that passes sign-ins on to an identity provider",
    "Give the provider a redirect address of the front, and answer the client from the front: the"
    " provider's iss and state must not reach the client.",
)

ALL: tuple[Explanation, ...] = (
    Explanation(
        "authz-state",
        (
            (
                ANY,
                "Return state byte for byte, percent-encoded once: + % & and = are allowed in it.",
            ),
            _FRONT,
        ),
        f"sent: state=a%2Bb\n302 Location: {_BACK}?code=…&state=a+b",
        f"sent: state=a%2Bb\n302 Location: {_BACK}?code=…&state=a%2Bb",
    ),
    Explanation(
        "authz-iss-absent",
        (_SEND_ISS, (ANY, "Promise it only once every answer has it, errors too.")),
        f'"authorization_response_iss_parameter_supported": true\n302 Location: {_BACK}?code=…',
        f"302 Location: {_BACK}?code=…&{_ISS}",
    ),
    Explanation(
        "authz-iss-differs",
        (
            _FRONT,
            (ANY, "iss is the issuer of the metadata, letter by letter, slash included."),
        ),
        f"302 Location: {_BACK}?code=…&iss=https%3A%2F%2Fidp.example.net",
        f"302 Location: {_BACK}?code=…&{_ISS}",
    ),
    Explanation(
        "authz-iss-unpromised",
        (_SEND_ISS,),
        "(authorization_response_iss_parameter_supported is not there)",
        '"authorization_response_iss_parameter_supported": true',
    ),
    Explanation(
        "authz-iss-error-absent",
        (),
        f"302 Location: {_BACK}?error=access_denied&state=…",
        f"302 Location: {_BACK}?error=access_denied&state=…&{_ISS}",
    ),
    Explanation(
        "authz-dup-param",
        ((ANY, "Add parameters with a URL library; text that is joined doubles them."),),
        f"302 Location: {_BACK}?state=a&code=…&state=a",
        f"302 Location: {_BACK}?code=…&state=a",
    ),
    Explanation(
        "authz-code-and-error",
        (),
        f"302 Location: {_BACK}?code=…&error=access_denied&state=a",
        f"302 Location: {_BACK}?error=access_denied&state=a",
    ),
    Explanation(
        "authz-empty",
        ((ANY, "response_mode is query by default for code (OAuth 2.0 Multiple Response Types)."),),
        f"302 Location: {_BACK}#code=…&state=a",
        f"302 Location: {_BACK}?code=…&state=a",
    ),
    Explanation(
        "authz-token-in-url",
        ((KEYCLOAK, "Switch Implicit flow off in the client's settings."),),
        f"302 Location: {_BACK}#access_token=…",
        f"302 Location: {_BACK}?code=…&state=a",
    ),
    Explanation(
        "authz-post",
        (
            (
                ANY,
                "Many frameworks redirect with 307 after a form: name 302 or 303. form_post is a"
                " response mode that was not asked for.",
            ),
        ),
        f"307 Temporary Redirect\nLocation: {_BACK}?code=…",
        f"303 See Other\nLocation: {_BACK}?code=…",
    ),
    Explanation(
        "authz-redirect-altered",
        ((ANY, "127.0.0.1 and localhost are two addresses; only the port of a loopback is free."),),
        f"sent: redirect_uri={_BACK}\n302 Location: http://localhost:43117/callback?code=…",
        f"sent: redirect_uri={_BACK}\n302 Location: {_BACK}?code=…",
    ),
    Explanation(
        "authz-error-form",
        (),
        f"302 Location: {_BACK}?error=LoginFailed&state=a",
        f"302 Location: {_BACK}?error=access_denied&error_description=login+failed&state=a",
    ),
    Explanation(
        "authz-resource-refused",
        (
            (
                ENTRA,
                "AADSTS9010010 and AADSTS901002: it takes no resource that differs from the scopes'"
                " own. Name the scopes in full (api://APPLICATION-ID/NAME); a front can drop the"
                " parameter for clients that must send it.",
            ),
            (
                AUTH0,
                "Settings, Advanced: Resource Parameter Compatibility Profile; the identifier of"
                " the API is the MCP URL.",
            ),
            (
                KEYCLOAK,
                "Older versions pass over the parameter; newer ones have it as a feature to switch"
                " on (resource-indicators).",
            ),
            (CLIENT, "For one run: --no-resource."),
        ),
        "302 Location: …?error=invalid_target",
        "302 Location: …?code=…",
    ),
    Explanation(
        "authz-instant",
        (
            (
                FASTMCP,
                "OAuthProxy asks for consent by default; do not switch it off: the provider behind"
                " it knows one client for all programs.",
            ),
            (
                ANY,
                "One client id for everybody makes the provider's memory of a consent worthless:"
                " ask in front of it, by client and redirect address.",
            ),
        ),
        "GET /authorize?client_id=NEW\n302 Location: …?code=… (no page)",
        "GET /authorize?client_id=NEW\n200 OK (a page that names the client)",
    ),
    Explanation(
        "authz-denied",
        (
            (ENTRA, "AADSTS65001 and 90094: an administrator has to consent for the organisation."),
            (CLIENT, "Ask for less with --scope, or sign in as somebody who may."),
        ),
        f"302 Location: {_BACK}?error=access_denied",
        f"302 Location: {_BACK}?code=…",
    ),
    Explanation(
        "authz-error",
        (
            (
                ANY,
                "invalid_scope: one of the scopes is unknown. unauthorized_client: the client may"
                " not use this grant. invalid_target: the resource is unknown.",
            ),
            (COGNITO, "Allow the scopes in the app client's settings of its hosted pages."),
            (KEYCLOAK, "Assign the client scope to the client, as default or optional."),
        ),
        f"302 Location: {_BACK}?error=invalid_scope",
        f"302 Location: {_BACK}?code=…",
    ),
    Explanation(
        "authz-timeout",
        (
            (
                ANY,
                "An unknown client or redirect address is told on a page and never sent back: read"
                " that page.",
            ),
            (CLIENT, "Over SSH forward the port as shown, or paste the address at the end."),
        ),
        "the browser shows “redirect_uri mismatch”",
        "the browser ends on " + _BACK,
    ),
    Explanation(
        "authz-paste",
        ((CLIENT, "The page may say that it cannot be reached: its address is what counts."),),
        "https://auth.example.com/authorize?…",
        f"{_BACK}?code=…&state=…",
    ),
)
